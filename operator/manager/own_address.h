// The address that other machines reach this process at.
#pragma once

#include <cstdint>
#include <string>

namespace rmq::operator_ {

// `configured`, else $POD_IP, else the address of this host that packets to `peer` leave from, else any address of it
// that is not loopback (an EndpointSlice takes no loopback address). Empty: there is none.
std::string own_address(const std::string& configured, const std::string& peer, std::uint16_t peer_port);

}  // namespace rmq::operator_
