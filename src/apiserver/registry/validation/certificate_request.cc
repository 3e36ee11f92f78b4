#include "apiserver/registry/validation/certificate_request.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <set>

#include "apiserver/registry/validation/common_names.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace certificates = api::certificates_k8s_io_v1;
using Request = certificates::CertificateSigningRequest;

constexpr int32_t kSecondsMin = 600;
constexpr size_t kDomainMax = 253;
constexpr size_t kPathMax = 253 + 63 + 1;
constexpr std::string_view kLegacySigner = "kubernetes.io/legacy-unknown";

// A block of PEM: its type, and what it holds.
struct PemBlock {
  std::string type;
  std::string bytes;
  bool found = false;
};

// The first block; `rest` is what follows.
PemBlock read_pem(std::string_view text, std::string_view& rest) {
  PemBlock block;
  BIO* in = BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(in, &name, &header, &data, &size) == 1) {
    block = {name, std::string(reinterpret_cast<const char*>(data), static_cast<size_t>(size)), true};
  }
  size_t left = BIO_ctrl_pending(in);
  rest = block.found ? text.substr(text.size() - left) : std::string_view();
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(data);
  BIO_free(in);
  return block;
}

std::string request_problem(std::string_view pem) {
  std::string_view rest;
  PemBlock block = read_pem(pem, rest);
  if (!block.found || block.type != "CERTIFICATE REQUEST") return "PEM block type must be CERTIFICATE REQUEST";
  const auto* at = reinterpret_cast<const unsigned char*>(block.bytes.data());
  X509_REQ* parsed = d2i_X509_REQ(nullptr, &at, static_cast<long>(block.bytes.size()));
  if (parsed == nullptr) return "asn1: structure error: malformed certificate request";
  X509_REQ_free(parsed);
  return "";
}

std::string certificate_problem(std::string_view pem) {
  std::string_view rest = pem;
  bool any = false;
  for (;;) {
    PemBlock block = read_pem(rest, rest);
    if (!block.found) break;
    if (block.type != "CERTIFICATE")
      return base::cat({"only CERTIFICATE PEM blocks are allowed, found ", base::quote(block.type)});
    const auto* at = reinterpret_cast<const unsigned char*>(block.bytes.data());
    X509* parsed = d2i_X509(nullptr, &at, static_cast<long>(block.bytes.size()));
    if (parsed == nullptr) return "x509: malformed certificate";
    X509_free(parsed);
    any = true;
  }
  return any ? "" : "must contain at least one CERTIFICATE PEM block";
}

void check_signer(Report& report, std::string_view name, const Place& at) {
  if (name.empty()) {
    report.required(at);
    return;
  }
  auto segments = base::split(name, '/');
  if (segments.size() != 2) {
    report.invalid(at, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
    return;
  }
  if (segments[0].size() > kDomainMax) report.too_long(at, kDomainMax);
  auto labels = base::split(segments[0], '.');
  for (std::string_view label : labels) {
    for (const auto& problem : schema::check_dns1123_label(label)) {
      report.invalid(at, segments[0], base::cat({"validating label ", base::quote(label), ": ", problem}));
    }
  }
  if (labels.size() < 2)
    report.invalid(at, segments[0], "should be a domain with at least two segments separated by dots");
  for (std::string_view label : base::split(segments[1], '.')) {
    for (const auto& problem : schema::check_dns1123_subdomain(label)) {
      report.invalid(at, segments[1], base::cat({"validating label ", base::quote(label), ": ", problem}));
    }
  }
  if (name.size() > kDomainMax + kPathMax + 1) report.too_long(at, kDomainMax + kPathMax + 1);
}

void check_usages(Report& report, const std::vector<std::string>& usages, const Place& at) {
  static constexpr Supported kUsages = {"any",
                                        "cert sign",
                                        "client auth",
                                        "code signing",
                                        "content commitment",
                                        "crl sign",
                                        "data encipherment",
                                        "decipher only",
                                        "digital signature",
                                        "email protection",
                                        "encipher only",
                                        "ipsec end system",
                                        "ipsec tunnel",
                                        "ipsec user",
                                        "key agreement",
                                        "key encipherment",
                                        "microsoft sgc",
                                        "netscape sgc",
                                        "ocsp signing",
                                        "s/mime",
                                        "server auth",
                                        "signing",
                                        "timestamping"};
  if (usages.empty()) report.required(at);
  for (size_t i = 0; i < usages.size(); ++i) report.one_of(Place(at, i), usages[i], kUsages);
  std::set<std::string_view> seen;
  for (size_t i = 0; i < usages.size(); ++i) {
    if (!seen.insert(usages[i]).second) report.duplicate(Place(at, i), usages[i]);
  }
}

bool is_final(std::string_view type) {
  return is_one_of(type, {"Approved", "Denied", "Failed"});
}

const certificates::CertificateSigningRequestCondition* condition(const Request& request, std::string_view type) {
  for (const auto& one : request.status.conditions) {
    if (one.type == type) return &one;
  }
  return nullptr;
}

// What was let in before the rules were there stays.
struct Liberties {
  bool both_verdicts = false;
  bool duplicate_types = false;
  bool empty_types = false;
};

Liberties liberties_of(const Request& current) {
  Liberties out;
  out.both_verdicts = condition(current, "Approved") != nullptr && condition(current, "Denied") != nullptr;
  std::set<std::string_view> types;
  for (const auto& one : current.status.conditions) {
    out.empty_types |= one.type.empty();
    out.duplicate_types |= !types.insert(one.type).second;
  }
  return out;
}

void check_request_conditions(Report& report, const Request& request, const Liberties& liberties) {
  Place status("status");
  Place at(status, "conditions");
  std::set<std::string_view> types;
  for (size_t i = 0; i < request.status.conditions.size(); ++i) {
    const auto& one = request.status.conditions[i];
    Place here(at, i);
    if (one.type.empty() && !liberties.empty_types) report.required(Place(here, "type"));
    Place truth(here, "status");
    if (one.status.empty()) {
      report.required(truth);
    } else if (is_final(one.type)) {
      report.one_of(truth, one.status, {"True"});
    } else {
      report.one_of(truth, one.status, kTruth);
    }
    if (!types.insert(one.type).second && !liberties.duplicate_types) report.duplicate(Place(here, "type"), one.type);
  }
  if (condition(request, "Approved") != nullptr && condition(request, "Denied") != nullptr &&
      !liberties.both_verdicts) {
    report.invalid(at, "Denied", "Approved and Denied conditions are mutually exclusive");
  }
}

// Approval and denial are for ever and come through the approval subresource only; a failure is for ever too.
void check_verdicts(Report& report, const Request& next, const Request& current, RequestPart part) {
  Place status("status");
  Place at(status, "conditions");
  for (std::string_view type : {"Approved", "Denied", "Failed"}) {
    bool has = condition(next, type) != nullptr;
    bool had = condition(current, type) != nullptr;
    bool may_add = type == "Failed" ? part != RequestPart::Main : part == RequestPart::Approval;
    if (has && !had && !may_add) {
      report.forbidden(at, base::cat({"updates may not add a condition of type ", base::quote(type)}));
    }
    if (!has && had)
      report.forbidden(at, base::cat({"updates may not remove a condition of type ", base::quote(type)}));
  }
}

}  // namespace

schema::FieldErrors validate_certificate_request(const Request& next) {
  Report report;
  Place at("spec");
  if (auto problem = request_problem(next.spec.request); !problem.empty()) {
    std::string shown = base::base64_encode(next.spec.request);
    report.invalid(Place(at, "request"), shown.empty() ? schema::BadValue() : schema::BadValue(shown), problem);
  }
  check_usages(report, next.spec.usages, Place(at, "usages"));
  Place signer(at, "signerName");
  if (next.spec.signer_name == kLegacySigner) {
    report.invalid(signer, next.spec.signer_name, "the legacy signerName is not allowed via this API version");
  } else {
    check_signer(report, next.spec.signer_name, signer);
  }
  const auto& seconds = next.spec.expiration_seconds;
  if (seconds && *seconds < kSecondsMin) {
    report.invalid(Place(at, "expirationSeconds"), *seconds,
                   "may not specify a duration less than 600 seconds (10 minutes)");
  }
  check_request_conditions(report, next, {});
  return report.take();
}

schema::FieldErrors validate_certificate_request_update(const Request& next, const Request& current, RequestPart part) {
  Report report;
  check_request_conditions(report, next, liberties_of(current));
  Place status("status");
  Place certificate(status, "certificate");
  if (next.status.certificate != current.status.certificate) {
    if (part == RequestPart::Approval || part == RequestPart::Main) {
      report.forbidden(certificate, "updates may not set certificate content");
    } else if (!current.status.certificate.empty()) {
      report.forbidden(certificate, "updates may not modify existing certificate content");
    } else if (auto problem = certificate_problem(next.status.certificate); !problem.empty()) {
      report.invalid(certificate, "<certificate data>", problem);
    }
  }
  check_verdicts(report, next, current, part);
  return report.take();
}

}  // namespace apiserver
