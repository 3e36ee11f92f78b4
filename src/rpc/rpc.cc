#include "rpc/rpc.h"

#include "base/strings.h"

namespace rpc::detail {

base::Error cannot_decode(std::string_view what, const base::Error& error) {
  return io::grpc_error(io::GrpcCode::Internal, base::cat({what, ": a message cannot be decoded: ", error.message()}));
}

}  // namespace rpc::detail
