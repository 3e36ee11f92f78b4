// How addresses are held in values.
#pragma once

#include "base/ip.h"
#include "cel/library/libraries.h"
#include "cel/library/opaque.h"

namespace cel::library {

using IpHolder = Holder<base::IpAddress, ip_type>;

}  // namespace cel::library
