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
                    -fstack-protector-strong -D_GLIBCXX_ASSERTIONS)
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

# What nearly every file reads of the standard library, and every test of GoogleTest, is compiled once: that is a third of
# a build. Files name what they use all the same; -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON builds without.
add_library(std_headers OBJECT ${CMAKE_CURRENT_LIST_DIR}/empty.cc)
target_precompile_headers(std_headers PRIVATE
  <algorithm> <atomic> <charconv> <chrono> <coroutine> <cstdint> <cstring> <deque> <expected> <functional> <map> <memory> <mutex>
  <optional> <set> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector>)
if(NAVARCH_TESTS)
  add_library(test_headers OBJECT ${CMAKE_CURRENT_LIST_DIR}/empty.cc)
  target_precompile_headers(test_headers PRIVATE
    <algorithm> <atomic> <chrono> <coroutine> <expected> <functional> <map> <memory> <optional> <set> <span> <string>
    <string_view> <utility> <variant> <vector> <gmock/gmock.h> <gtest/gtest.h>)
  target_compile_definitions(test_headers PRIVATE NAVARCH_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(test_headers PRIVATE GTest::gmock GTest::gtest Threads::Threads)
  # What is tested is optimized; the tests themselves need not be, and are built in half the time.
  set(navarch_test_options $<$<CONFIG:Release>:-O0>)
  target_compile_options(test_headers PRIVATE ${navarch_test_options})
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
    target_precompile_headers(${name} REUSE_FROM std_headers)
    set(scope PUBLIC)
  else()
    add_library(${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${name} ${scope} ${include_path})
  target_link_libraries(${name} ${scope} ${ARG_DEPENDS} ${ARG_LINK} Threads::Threads)
  if(NAVARCH_TESTS AND tests)
    navarch_test(${name}_test SOURCES ${tests} DEPENDS ${name})
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

# A GoogleTest program; run by `ctest` and by `./dev test`.
function(navarch_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gmock GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE NAVARCH_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_compile_options(${name} PRIVATE ${navarch_test_options})
  target_precompile_headers(${name} REUSE_FROM test_headers)
  add_test(NAME ${name} COMMAND ${name})
endfunction()
