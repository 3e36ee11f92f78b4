#include "apiserver/pipeline/negotiate.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "api/meta_v1.h"
#include "apiserver/pipeline/errors.h"
#include "base/strings.h"
#include "schema/status.h"

namespace apiserver {
namespace {

constexpr std::string_view kAccepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
constexpr std::string_view kStreams = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

base::Error not_acceptable(std::string message, bool with_details) {
  api::meta_v1::Status status;
  status.status = "Failure";
  status.code = 406;
  status.reason = "NotAcceptable";
  status.message = std::move(message);
  if (with_details) status.details.emplace();
  return schema::error_of(std::move(status));
}

std::optional<MediaType> media_of(std::string_view subtype) {
  if (subtype == "json") return MediaType::Json;
  if (subtype == "yaml") return MediaType::Yaml;
  if (subtype == "vnd.kubernetes.protobuf") return MediaType::Protobuf;
  return std::nullopt;
}

// Whether the route's list of produced types lets any of the clauses through: exact names or */*.
bool passes_route(const std::vector<AcceptClause>& clauses) {
  return std::any_of(clauses.begin(), clauses.end(), [](const AcceptClause& clause) {
    return (clause.type == "*" && clause.subtype == "*") ||
           (clause.type == "application" && media_of(clause.subtype).has_value());
  });
}

// The view that `clause` asks for; nothing if it is none of ours.
std::optional<Representation> view_of(const AcceptClause& clause, Views views) {
  Representation representation;
  auto as = clause.parameter("as");
  auto group = clause.parameter("g");
  auto version = clause.parameter("v");
  if (as.empty() && group.empty() && version.empty()) return representation;
  if (views == Views::None || group != "meta.k8s.io" || (version != "v1" && version != "v1beta1")) return std::nullopt;
  representation.view_version = version == "v1" ? "v1" : "v1beta1";
  if (as == "Table") {
    if (views == Views::AllButTable) return std::nullopt;
    if (clause.subtype == "vnd.kubernetes.protobuf") return std::nullopt;  // tables have no such form
    representation.view = View::Table;
  } else if (as == "PartialObjectMetadata") {
    representation.view = View::PartialMetadata;
  } else if (as == "PartialObjectMetadataList") {
    representation.view = View::PartialMetadataList;
  } else {
    return std::nullopt;
  }
  return representation;
}

bool wants_pretty(const io::Headers& headers, const Query& query) {
  if (query.has("pretty")) {
    auto value = query.get("pretty");
    return value == "1" || value == "true" || value == "t" || value == "T" || value == "TRUE" || value == "True";
  }
  auto agent = headers.get("user-agent");
  return agent.starts_with("curl") || agent.starts_with("Wget") || agent.starts_with("Mozilla/5.0");
}

}  // namespace

std::string_view content_type(MediaType media) {
  switch (media) {
    case MediaType::Json:
      return "application/json";
    case MediaType::Yaml:
      return "application/yaml";
    case MediaType::Protobuf:
      return "application/vnd.kubernetes.protobuf";
  }
  return "application/json";
}

std::string_view AcceptClause::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

std::vector<AcceptClause> parse_accept(std::string_view header) {
  std::vector<AcceptClause> clauses;
  for (std::string_view piece : base::split(header, ',')) {
    auto parts = base::split(base::trim(piece), ';');
    auto slash = parts[0].find('/');
    AcceptClause clause;
    if (slash == std::string_view::npos) {
      if (base::trim(parts[0]) != "*") continue;
      clause.type = clause.subtype = "*";
    } else {
      clause.type = base::to_lower(base::trim(parts[0].substr(0, slash)));
      clause.subtype = base::to_lower(base::trim(parts[0].substr(slash + 1)));
    }
    for (size_t i = 1; i < parts.size(); ++i) {
      auto equals = parts[i].find('=');
      std::string name(base::trim(parts[i].substr(0, equals)));
      std::string value(equals == std::string_view::npos ? "" : base::trim(parts[i].substr(equals + 1)));
      if (name == "q") {
        clause.quality = std::atof(value.c_str());
      } else {
        clause.parameters.emplace_back(std::move(name), std::move(value));
      }
    }
    clauses.push_back(std::move(clause));
  }
  // Among equals what is spelled out comes before what is a wildcard.
  std::stable_sort(clauses.begin(), clauses.end(), [](const AcceptClause& a, const AcceptClause& b) {
    if (a.quality != b.quality) return a.quality > b.quality;
    int a_stars = (a.type == "*") + (a.subtype == "*");
    int b_stars = (b.type == "*") + (b.subtype == "*");
    return a_stars < b_stars;
  });
  return clauses;
}

base::Result<Representation> negotiate(const io::Headers& headers, const Query& query, bool watch, Views views) {
  auto accept = headers.get("accept");
  Representation fallback;
  fallback.pretty = wants_pretty(headers, query);
  if (accept.empty()) return fallback;
  auto clauses = parse_accept(accept);
  if (!passes_route(clauses)) {
    return base::fail(not_acceptable(
        base::cat({"406: Not Acceptable\n\nAvailable representations: ", kAccepted, ", ", kStreams}), true));
  }
  for (const AcceptClause& clause : clauses) {
    if (clause.type != "*" && clause.type != "application") continue;
    auto media = clause.subtype == "*" ? MediaType::Json : media_of(clause.subtype);
    if (!media) continue;
    auto representation = view_of(clause, views);
    if (!representation) continue;
    if (watch && *media == MediaType::Yaml) {
      return base::fail(not_acceptable(base::cat({"only the following media types are accepted: ", kStreams}), false));
    }
    representation->media = *media;
    representation->pretty = fallback.pretty;
    return *representation;
  }
  return base::fail(not_acceptable(base::cat({"only the following media types are accepted: ", kAccepted}), false));
}

Representation negotiate_error(const io::Headers& headers, const Query& query) {
  Representation fallback;
  fallback.pretty = wants_pretty(headers, query);
  for (const AcceptClause& clause : parse_accept(headers.get("accept"))) {
    if (clause.type == "*") return fallback;
    if (clause.type != "application") continue;
    if (auto media = clause.subtype == "*" ? MediaType::Json : media_of(clause.subtype)) {
      fallback.media = *media;
      return fallback;
    }
  }
  return fallback;
}

base::Result<MediaType> body_type(std::string_view header) {
  auto text = base::to_lower(base::trim(header.substr(0, header.find(';'))));
  if (text.empty() || text == "application/json") return MediaType::Json;
  if (text == "application/yaml") return MediaType::Yaml;
  if (text == "application/vnd.kubernetes.protobuf") return MediaType::Protobuf;
  return base::fail(unsupported_media_type());
}

}  // namespace apiserver
