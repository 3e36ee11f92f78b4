# How a folder under src/ becomes a library: one call, sources found by name.
#
#   navarch_library(store DEPENDS base io LINK lmdb)
#
# builds every *.cc of the folder (subfolders too) but *_test.cc and *_fuzz.cc into libstore, and every *_test.cc into
# store_test. Headers are included as "store/store.h"; a library sees only its own headers and those of
# what it depends on, so an include against the order of the tree does not build.

option(NAVARCH_TESTS "Build the tests" ON)
option(NAVARCH_BENCH "Build the benchmarks" OFF)
option(NAVARCH_FUZZ "Build the fuzz targets" OFF)
set(NAVARCH_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=")

add_compile_options(-Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Wno-invalid-offsetof
                    -Werror=return-type -Werror=unused-result -Werror=thread-safety -Wthread-safety -fno-plt -fPIE
                    -fstack-protector-strong -D_GLIBCXX_ASSERTIONS "SHELL:-Xclang -fno-pch-timestamp")
add_link_options(-fuse-ld=lld -pie -Wl,-z,relro,-z,now -Wl,--gc-sections)
add_compile_options(-ffunction-sections -fdata-sections)
if(NOT NAVARCH_SANITIZE STREQUAL "")
  add_compile_options(-fsanitize=${NAVARCH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${NAVARCH_SANITIZE})
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
if(NAVARCH_TESTS)
  find_package(GTest REQUIRED)
endif()

# What nearly every file reads is compiled once: the standard library for all, the API's structs and the loop too for the folders
# above them, and GoogleTest for every test. That is half of a build. The compiled headers hold no time of their
# making, so that a compiler cache knows them again. Files name what they use all the same;
# -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON builds without.
set(navarch_std_headers
  <algorithm> <array> <atomic> <bit> <charconv> <chrono> <cmath> <condition_variable> <coroutine> <cstdint> <cstring> <deque> <expected>
  <functional> <limits> <list> <map> <memory> <mutex> <optional> <random> <set> <span> <string> <string_view> <thread>
  <unordered_map> <utility> <variant> <vector>)
set(navarch_api_headers
  "base/file.h" "base/json.h" "base/log.h" "base/mutex.h" "base/random.h" "base/result.h" "base/strings.h" "base/time.h" "io/loop.h" "io/task.h"
  "schema/field_error.h" "schema/json.h" "schema/object.h" "schema/value.h" "api/meta_v1.h" "api/core_v1.h")
list(TRANSFORM navarch_api_headers PREPEND "\"")
list(TRANSFORM navarch_api_headers APPEND "\"")
# What is tested is optimized; the tests themselves need not be, and are built in half the time.
set(navarch_test_options $<$<CONFIG:Release>:-O0>)

# A set of headers compiled once: navarch_headers(name DEPENDS ... HEADERS ... [FOR_TESTS]).
function(navarch_headers name)
  cmake_parse_arguments(ARG "FOR_TESTS" "" "DEPENDS;HEADERS" ${ARGN})
  add_library(${name} OBJECT ${CMAKE_SOURCE_DIR}/cmake/empty.cc)
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} Threads::Threads)
  if(ARG_FOR_TESTS)
    list(APPEND ARG_HEADERS <gmock/gmock.h> <gtest/gtest.h>)
    target_compile_definitions(${name} PRIVATE NAVARCH_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_compile_options(${name} PRIVATE ${navarch_test_options})
    target_link_libraries(${name} PRIVATE GTest::gmock GTest::gtest)
  endif()
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
endfunction()

# What a folder is compiled with: the API's headers where it sees them. kind is "headers" or "test_headers".
function(navarch_headers_for kind depends out)
  set(${out} std_${kind} PARENT_SCOPE)
  if("io" IN_LIST depends AND "schema" IN_LIST depends)
    set(${out} api_${kind} PARENT_SCOPE)
    if(NOT TARGET api_${kind})
      set(options)
      if(kind STREQUAL "test_headers")
        set(options FOR_TESTS)
      endif()
      navarch_headers(api_${kind} DEPENDS base io schema HEADERS ${navarch_std_headers} ${navarch_api_headers} ${options})
    endif()
  endif()
endfunction()

navarch_headers(std_headers HEADERS ${navarch_std_headers})
if(NAVARCH_TESTS)
  navarch_headers(std_test_headers HEADERS ${navarch_std_headers} FOR_TESTS)
endif()

# The folder's headers, seen as <folder>/..., and nothing beside them.
function(navarch_include_path name out)
  set(root ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${name} ${root}/${name} SYMBOLIC)
  set(${out} ${root} PARENT_SCOPE)
endfunction()

function(navarch_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$|/program/")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  navarch_include_path(${name} include_path)
  if(sources)
    add_library(${name} STATIC ${sources})
    navarch_headers_for(headers "${ARG_DEPENDS}" headers)
    target_precompile_headers(${name} REUSE_FROM ${headers})
    set(scope PUBLIC)
  else()
    add_library(${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${name} ${scope} ${include_path})
  target_link_libraries(${name} ${scope} ${ARG_DEPENDS} ${ARG_LINK} Threads::Threads)
  if(NAVARCH_TESTS AND tests)
    navarch_test(${name}_test SOURCES ${tests} DEPENDS ${name} ${ARG_DEPENDS})
  endif()
  if(NAVARCH_FUZZ)
    foreach(source ${fuzzers})
      get_filename_component(fuzzer ${source} NAME_WE)
      add_executable(${fuzzer} ${source})
      target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
      target_link_libraries(${fuzzer} PRIVATE ${name})
    endforeach()
  endif()
endfunction()

# A GoogleTest program; run by `ctest` and by `./dev test`, or BY_SCRIPT: by a script that knows what it needs.
function(navarch_test name)
  cmake_parse_arguments(ARG "BY_SCRIPT" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gmock GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE NAVARCH_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_compile_options(${name} PRIVATE ${navarch_test_options})
  navarch_headers_for(test_headers "${ARG_DEPENDS}" headers)
  target_precompile_headers(${name} REUSE_FROM ${headers})
  if(NOT ARG_BY_SCRIPT)
    add_test(NAME ${name} COMMAND ${name})
  endif()
endfunction()
