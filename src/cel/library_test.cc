#include <gtest/gtest.h>

#include "cel/authorizer.h"
#include "cel/object_names.h"
#include "cel/testing.h"

namespace cel {
namespace {

using testing::run;

struct Case {
  const char* expression;
  const char* result;
};

void expect_all(std::initializer_list<Case> cases) {
  for (const Case& each : cases) EXPECT_EQ(run(each.expression), each.result) << each.expression;
}

TEST(Library, StringsCountCodePoints) {
  expect_all({
      {"'héllo'.charAt(1)", "'é'"},
      {"'abc'.charAt(3)", "''"},
      {"'abc'.charAt(4)", "error: index out of range: 4"},
      {"'héllo'.indexOf('l')", "2"},
      {"'hello'.indexOf('l', 3)", "3"},
      {"'hello'.indexOf('z')", "-1"},
      {"'hello'.indexOf('')", "0"},
      {"'hello'.indexOf('l', -1)", "error: index out of range: -1"},
      {"'hello'.indexOf('l', 9)", "-1"},
      {"'hello'.lastIndexOf('l')", "3"},
      {"'hello'.lastIndexOf('l', 2)", "2"},
      {"'hello'.lastIndexOf('')", "5"},
      {"'a,b,c'.split(',')", "['a', 'b', 'c']"},
      {"'a,b,c'.split(',', 2)", "['a', 'b,c']"},
      {"'a,b'.split(',', 0)", "[]"},
      {"'hé'.split('')", "['h', 'é']"},
      {"['a', 'b'].join()", "'ab'"},
      {"['a', 'b'].join('-')", "'a-b'"},
      {"'hello'.replace('l', 'L')", "'heLLo'"},
      {"'hello'.replace('l', 'L', 1)", "'heLlo'"},
      {"'ab'.replace('', '-')", "'-a-b-'"},
      {"'héllo'.substring(1)", "'éllo'"},
      {"'hello'.substring(1, 3)", "'el'"},
      {"'hello'.substring(3, 1)", "error: invalid substring range. start: 3, end: 1"},
      {"'hello'.substring(0, 9)", "error: index out of range: 9"},
      {"'Ab é'.lowerAscii() + 'Ab é'.upperAscii()", "'ab éAB é'"},
      {"' \\t a b\\n'.trim()", "'a b'"},
      {"strings.quote('a\"\\n')", "'\"a\\\"\\n\"'"},
      {"'%s has %d (%.2f, %x)'.format([dyn('a'), 3, 1.5, 255])", "'a has 3 (1.50, ff)'"},
  });
}

TEST(Library, ListsAreSortedAndSummed) {
  expect_all({
      {"[1, 2, 2].isSorted()", "true"},
      {"['b', 'a'].isSorted()", "false"},
      {"[].isSorted()", "true"},
      {"[1, 2].sum()", "3"},
      {"[1.5, 2.0].sum()", "3.5"},
      {"[duration('1s'), duration('2s')].sum()", "duration(3s)"},
      {"[3, 1].min() + [3, 1].max()", "4"},
      {"['a', 'b'].max()", "'b'"},
      {"dyn([]).max()", "error: max called on empty list"},
      {"[1, 2, 1].indexOf(1)", "0"},
      {"[1, 2, 1].lastIndexOf(1)", "2"},
      {"[1].indexOf(5)", "-1"},
      {"sets.contains([1, 2, 3], [1])", "true"},
      {"sets.intersects([1], [1, 2])", "true"},
      {"sets.intersects([1], [2])", "false"},
      {"sets.equivalent([1, 1], [1])", "true"},
  });
}

TEST(Library, PatternsFindText) {
  expect_all({
      {"'abc123'.find('[0-9]+')", "'123'"},
      {"'abc'.find('[0-9]+')", "''"},
      {"'a1b2'.findAll('[0-9]')", "['1', '2']"},
      {"'a1b2'.findAll('[0-9]', 1)", "['1']"},
      {"'baab'.findAll('a*')", "['', 'aa', '']"},
      {"'abc'.matches('^a.c$')", "true"},
      {"matches('xabcx', 'abc')", "true"},
      {"'x'.matches(dyn('('))", "error: error parsing regexp: missing closing ): `(`"},
      {"'x'.find('(')", "error: Illegal regex: error parsing regexp: missing closing ): `(`"},
  });
}

TEST(Library, UrlsAreTakenApart) {
  expect_all({
      {"url('https://a.b:80/c%20d?e=f&e=g#h').getScheme()", "'https'"},
      {"url('https://a.b:80/c').getHost()", "'a.b:80'"},
      {"url('https://[::1]:80/c').getHostname()", "'::1'"},
      {"url('https://[::1]:80/c').getPort()", "'80'"},
      {"url('https://a.b/c d').getEscapedPath()", "'/c%20d'"},
      {"url('https://a.b/?e=f&e=g&x=%20').getQuery()", "{'e': ['f', 'g'], 'x': [' ']}"},
      {"url('/path').getHost()", "''"},
      {"isURL('https://x')", "true"},
      {"isURL('../relative')", "false"},
      {"isURL('https://a:b/')", "false"},
      {"url('x')", "error: URL parse error during conversion from string: parse \"x\": invalid URI for request"},
      {"url('https://a.b') == url('https://a.b')", "true"},
  });
}

TEST(Library, AddressesAreReadStrictly) {
  expect_all({
      {"ip('10.0.0.1').family()", "4"},
      {"ip('::1').family()", "6"},
      {"ip('127.0.0.1').isLoopback()", "true"},
      {"ip('8.8.8.8').isGlobalUnicast()", "true"},
      {"isIP('x')", "false"},
      {"isIP('010.0.0.1')", "false"},
      {"isIP('::ffff:1.2.3.4')", "false"},
      {"isIP('fe80::1%eth0')", "false"},
      {"ip.isCanonical('0:0::1')", "false"},
      {"string(ip('0:0::1'))", "'::1'"},
      {"ip('::1') == ip('0::1')", "true"},
      {"type(ip('::1')) == net.IP", "true"},
      {"cidr('10.0.0.0/8').containsIP('10.1.1.1')", "true"},
      {"cidr('10.0.0.0/8').containsIP(ip('11.1.1.1'))", "false"},
      {"cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", "true"},
      {"cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8'))", "false"},
      {"string(cidr('10.1.2.3/8'))", "'10.1.2.3/8'"},
      {"string(cidr('10.1.2.3/8').masked())", "'10.0.0.0/8'"},
      {"cidr('10.1.2.3/8').prefixLength()", "8"},
      {"string(cidr('10.1.2.3/8').ip())", "'10.1.2.3'"},
      {"isCIDR('10.0.0.0')", "false"},
      {"isCIDR('10.0.0.0/33')", "false"},
  });
}

TEST(Library, QuantitiesAndVersionsCompare) {
  expect_all({
      {"quantity('1Gi').compareTo(quantity('1024Mi'))", "0"},
      {"quantity('1Gi') == quantity('1024Mi')", "true"},
      {"quantity('1').add(quantity('500m')).isGreaterThan(quantity('1'))", "true"},
      {"quantity('5').sub(2).asInteger()", "3"},
      {"quantity('500m').asInteger()", "error: cannot convert value to integer"},
      {"quantity('500m').isInteger()", "false"},
      {"quantity('1500m').asApproximateFloat()", "1.5"},
      {"quantity('-1').sign()", "-1"},
      {"isQuantity('5m') && !isQuantity('x')", "true"},
      {"semver('1.2.3').major()", "1"},
      {"semver('1.2.3-alpha.1').isLessThan(semver('1.2.3'))", "true"},
      {"semver('1.2.3-alpha.2').compareTo(semver('1.2.3-alpha.10'))", "-1"},
      {"isSemver('1.2') || isSemver('v1.2.3') || isSemver('01.2.3')", "false"},
      {"semver('v1.2', true) == semver('1.2.0')", "true"},
  });
}

TEST(Library, FormatsSayWhatIsWrong) {
  expect_all({
      {"format.dns1123Label().validate('ok') == optional.none()", "true"},
      {"format.dns1123Label().validate('-').hasValue()", "true"},
      {"format.named('uuid').value().validate('5f2b1b0e-0b0f-4b0e-8b0f-0b0e5f2b1b0e')", "none"},
      {"format.named('uuid').value().validate('x')", "optional(['does not match the UUID format'])"},
      {"format.named('nope')", "none"},
      {"!format.date().validate('2024-02-30').hasValue()", "false"},
      {"format.dns1123LabelPrefix().validate('a-')", "none"},
  });
}

struct OnlyGet final : Authorizer {
  AuthorizationAnswer authorize(const AuthorizationQuestion& q) const override {
    bool allowed = q.about_resource
                       ? q.verb == "get" && q.group == "apps" && q.resource == "deployments" && q.name == "x"
                       : q.path == "/healthz";
    return {allowed, allowed ? "so be it" : "", ""};
  }
};

TEST(Library, TheAuthorizerIsAsked) {
  Environment environment;
  environment.add_variable("authorizer", authorizer_type());
  environment.add_variable("authorizer.requestResource", resource_check_type());
  auto authorizer = std::make_shared<OnlyGet>();
  Activation activation;
  activation.set("authorizer", authorizer_value(authorizer));
  activation.set("authorizer.requestResource",
                 resource_check_value(authorizer, {.group = "apps", .resource = "deployments", .name = "x"}));
  for (const Case& each : std::initializer_list<Case>{
           {"authorizer.path('/healthz').check('get').allowed()", "true"},
           {"authorizer.group('apps').resource('deployments').namespace('n').name('x').check('get').reason()",
            "'so be it'"},
           {"authorizer.group('apps').resource('deployments').check('get').allowed()", "false"},
           {"authorizer.requestResource.check('get').allowed()", "true"},
           {"authorizer.requestResource.check('create').errored()", "false"},
       }) {
    auto program = environment.compile(each.expression);
    ASSERT_TRUE(program) << program.error().message();
    Budget budget;
    EXPECT_EQ(testing::show((*program)->evaluate(activation, budget)), each.result) << each.expression;
  }
}

TEST(Library, ObjectsAndPatchesAreMadeForMutations) {
  Environment environment;
  environment.allow_mutation();
  auto result = [&](const char* expression) {
    auto program = environment.compile(expression);
    if (!program) return program.error().message();
    Budget budget;
    auto tree = (*program)->evaluate({}, budget).to_tree();
    return tree ? tree->to_json() : tree.error().message();
  };
  EXPECT_EQ(result("Object{metadata: Object.metadata{labels: {'a': '1'}}, ?spec: optional.none()}"),
            R"({"metadata":{"labels":{"a":"1"}}})");
  auto named = [&](const char* expression) {
    Budget budget;
    auto checked = check_object_names(environment.compile(expression).value()->evaluate({}, budget));
    return checked ? std::string("fine") : checked.error().message();
  };
  EXPECT_EQ(named("Object{spec: Object.spec{items: [Object.spec.items{name: 'a'}]}}"), "fine");
  EXPECT_EQ(named("Object{spec: Object.metadata{}}"),
            "unexpected type name \"Object.metadata\", expected \"Object.spec\", which matches field name path from "
            "root Object type");
  EXPECT_EQ(result("[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b~c'), value: 2}]"),
            R"([{"op":"add","path":"/metadata/labels/a~1b~0c","value":2}])");
  EXPECT_EQ(result("JSONPatch{op: 1}"),
            "ERROR: <input>:1:13: expected type of field 'op' is 'string' but provided type is 'int'\n"
            " | JSONPatch{op: 1}\n | ............^");
  EXPECT_EQ(result("JSONPatch{bad: 1}"),
            "ERROR: <input>:1:14: undefined field 'bad'\n | JSONPatch{bad: 1}\n | .............^");
}

}  // namespace
}  // namespace cel
