#include <gtest/gtest.h>

#include "base/random.h"
#include "base/time.h"
#include "dns/message.h"
#include "dns/zone.h"

namespace dns {
namespace {

namespace core = api::core_v1;
namespace discovery = api::discovery_k8s_io_v1;

// A query's packet: plain, recursion desired.
std::string packet(std::string_view name, Type type) {
  std::string out("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  out += name_data(name);
  out += static_cast<char>(static_cast<uint16_t>(type) >> 8);
  out += static_cast<char>(static_cast<uint16_t>(type) & 0xff);
  return out + std::string("\0\1", 2);
}

std::string text_of(std::string_view data) {
  std::string name;
  while (!data.empty() && data[0] != 0) {
    size_t length = static_cast<uint8_t>(data[0]);
    if (!name.empty()) name += '.';
    name += data.substr(1, length);
    data.remove_prefix(length + 1);
  }
  return name;
}

struct ZoneTest : testing::Test {
  ZoneTest()
      : zone("cluster.local", {.service = [this](auto space, auto name) { return find(space, name); },
                               .slices = [this](auto, auto name) { return slices[std::string(name)]; },
                               .services_by_address =
                                   [this](auto address) {
                                     std::vector<ServiceRef> found;
                                     for (const auto& [name, service] : services)
                                       if (service->spec.cluster_ip == address) found.push_back(service);
                                     return found;
                                   },
                               .slices_by_address =
                                   [this](auto address) {
                                     std::vector<SliceRef> found;
                                     for (const auto& [name, all] : slices)
                                       for (const auto& slice : all)
                                         for (const auto& endpoint : slice->endpoints)
                                           if (endpoint.addresses[0] == address) found.push_back(slice);
                                     return found;
                                   },
                               .has_namespace = [](auto name) { return name == "shop"; }}) {
    core::Service web;
    web.spec.cluster_ip = "10.96.0.7";
    web.spec.cluster_ips = {"10.96.0.7", "fd00::7"};
    add_port(web, "http", 80);
    put("web", web);
    core::Service db;
    db.spec.cluster_ip = "None";
    add_port(db, "sql", 5432);
    put("db", db);
    discovery::EndpointSlice slice;
    slice.metadata.namespace_ = "shop";
    slice.metadata.labels["kubernetes.io/service-name"] = "db";
    add_endpoint(slice, "10.244.0.2", "db-0", true);
    add_endpoint(slice, "10.244.0.3", "", true);
    add_endpoint(slice, "10.244.0.4", "db-2", false);
    auto& port = slice.ports.emplace_back();
    port.name = "sql";
    port.port = 5432;
    port.protocol = "TCP";
    slices["db"].push_back(std::make_shared<discovery::EndpointSlice>(slice));
    core::Service out;
    out.spec.type = "ExternalName";
    out.spec.external_name = "example.com";
    put("out", out);
  }
  static void add_port(core::Service& service, std::string name, int32_t number) {
    auto& port = service.spec.ports.emplace_back();
    port.name = std::move(name);
    port.port = number;
    port.protocol = "TCP";
  }
  static void add_endpoint(discovery::EndpointSlice& slice, std::string address, std::string host, bool ready) {
    auto& endpoint = slice.endpoints.emplace_back();
    endpoint.addresses = {std::move(address)};
    if (!host.empty()) endpoint.hostname = std::move(host);
    endpoint.conditions.ready = ready;
  }
  void put(std::string name, core::Service service) {
    service.metadata.namespace_ = "shop";
    service.metadata.name = name;
    services[name] = std::make_shared<core::Service>(std::move(service));
  }
  ServiceRef find(std::string_view space, std::string_view name) {
    auto found = services.find(std::string(name));
    return space != "shop" || found == services.end() ? nullptr : found->second;
  }

  // "A 10.0.0.1 | SRV 80 web... ", or the code.
  std::string ask(std::string_view name, Type type) {
    auto query = parse_query(packet(name, type));
    if (!query) return "broken";
    auto answer = zone.answer(*query);
    if (!answer) return "others";
    if (answer->code == Code::NameError) return "no such name";
    std::string out;
    for (const auto& record : answer->answers) {
      if (!out.empty()) out += " | ";
      switch (record.type) {
        case Type::A:
          out += "A " + base::IpAddress::v4(static_cast<uint32_t>(static_cast<uint8_t>(record.data[0])) << 24 |
                                            static_cast<uint32_t>(static_cast<uint8_t>(record.data[1])) << 16 |
                                            static_cast<uint32_t>(static_cast<uint8_t>(record.data[2])) << 8 |
                                            static_cast<uint8_t>(record.data[3]))
                            .to_string();
          break;
        case Type::Aaaa:
          out += "AAAA";
          break;
        case Type::Srv:
          out += "SRV " +
                 std::to_string(static_cast<uint8_t>(record.data[4]) << 8 | static_cast<uint8_t>(record.data[5])) +
                 " " + text_of(record.data.substr(6));
          break;
        case Type::Ptr:
          out += "PTR " + text_of(record.data);
          break;
        case Type::Cname:
          out += "CNAME " + text_of(record.data);
          break;
        default:
          out += "other";
          break;
      }
    }
    return out;
  }

  std::map<std::string, ServiceRef> services;
  std::map<std::string, std::vector<SliceRef>> slices;
  Zone zone;
};

TEST_F(ZoneTest, NamesAreWhatServicesAndEndpointsSay) {
  struct Case {
    const char* name;
    Type type;
    const char* answer;
  };
  const Case cases[] = {
      {"web.shop.svc.cluster.local", Type::A, "A 10.96.0.7"},
      {"WEB.Shop.svc.cluster.LOCAL", Type::A, "A 10.96.0.7"},
      {"web.shop.svc.cluster.local", Type::Aaaa, "AAAA"},
      {"web.shop.svc.cluster.local", Type::Txt, ""},
      {"web.other.svc.cluster.local", Type::A, "no such name"},
      {"nothing.shop.svc.cluster.local", Type::A, "no such name"},
      {"_http._tcp.web.shop.svc.cluster.local", Type::Srv, "SRV 80 web.shop.svc.cluster.local"},
      {"_http._udp.web.shop.svc.cluster.local", Type::Srv, "no such name"},
      {"http.tcp.web.shop.svc.cluster.local", Type::Srv, "no such name"},
      {"db.shop.svc.cluster.local", Type::A, "A 10.244.0.2 | A 10.244.0.3"},
      {"db-0.db.shop.svc.cluster.local", Type::A, "A 10.244.0.2"},
      {"10-244-0-3.db.shop.svc.cluster.local", Type::A, "A 10.244.0.3"},
      {"db-2.db.shop.svc.cluster.local", Type::A, "no such name"},
      {"_sql._tcp.db.shop.svc.cluster.local", Type::Srv,
       "SRV 5432 db-0.db.shop.svc.cluster.local | SRV 5432 10-244-0-3.db.shop.svc.cluster.local"},
      {"out.shop.svc.cluster.local", Type::A, "CNAME example.com"},
      {"10-244-0-9.shop.pod.cluster.local", Type::A, "A 10.244.0.9"},
      {"10-244-0-9.other.pod.cluster.local", Type::A, "no such name"},
      {"x.shop.pod.cluster.local", Type::A, "no such name"},
      {"shop.svc.cluster.local", Type::A, ""},
      {"cluster.local", Type::A, ""},
      {"cluster.local", Type::Soa, "other"},
      {"dns-version.cluster.local", Type::Txt, "other"},
      {"7.0.96.10.in-addr.arpa", Type::Ptr, "PTR web.shop.svc.cluster.local"},
      {"2.0.244.10.in-addr.arpa", Type::Ptr, "PTR db-0.db.shop.svc.cluster.local"},
      {"1.1.1.1.in-addr.arpa", Type::Ptr, "others"},
      {"example.com", Type::A, "others"},
      {"notcluster.local", Type::A, "others"},
  };
  for (const auto& one : cases) EXPECT_EQ(ask(one.name, one.type), one.answer) << one.name;
}

TEST(DnsMessage, NonsenseIsNoQueryAndCrashesNothing) {
  auto good = packet("web.shop.svc.cluster.local", Type::A);
  ASSERT_TRUE(parse_query(good));
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse_query(std::string_view(good).substr(0, size))) << size;
  base::SeededRandom random(7);
  for (int i = 0; i < 20000; ++i) {
    auto bad = good;
    for (int flips = 0; flips < 3; ++flips) bad[random.below(bad.size())] = static_cast<char>(random.next());
    auto query = parse_query(bad);
    if (query) EXPECT_LE(encode(*query, {}, kUdpSizeDefault).size(), kUdpSizeDefault);
  }
}

TEST(DnsMessage, WhatDoesNotFitIsLeftOutAndSaidSo) {
  auto query = *parse_query(packet("db.shop.svc.cluster.local", Type::A));
  Answer answer;
  for (uint32_t i = 0; i < 100; ++i)
    answer.answers.push_back({query.name, Type::A, 30, address_data(base::IpAddress::v4(i))});
  auto small = encode(query, answer, kUdpSizeDefault);
  EXPECT_LE(small.size(), kUdpSizeDefault);
  EXPECT_TRUE(small[2] & 0x02);
  auto large = encode(query, answer, 65535);
  EXPECT_FALSE(large[2] & 0x02);
  EXPECT_EQ(static_cast<uint8_t>(large[7]), 100);
}

}  // namespace
}  // namespace dns
