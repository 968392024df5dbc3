import { BlockList, isIP } from "node:net";

/**
 * IPv4 blocks that are not the public internet: private, loopback, link-local, multicast, documentation, reserved.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const REFUSED_IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // Azure answers every virtual machine's management requests here.
  "168.63.129.16/32",
];

/**
 * The only block of IPv6 that is handed out for the public internet. What lies outside includes ::1, link-local, unique
 * local, IPv4-mapped (::ffff:0:0/96) and NAT64 (64:ff9b::/96) addresses, which lead to any IPv4 address there is.
 * @see https://www.iana.org/assignments/ipv6-address-space
 */
const GLOBAL_IPV6 = ["2000::/3"];

/**
 * Blocks of it that are set apart: protocol assignments with Teredo, documentation, and 6to4 with IPv4 inside.
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const REFUSED_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const refusedIpv4 = blockList(REFUSED_IPV4, "ipv4");
const globalIpv6 = blockList(GLOBAL_IPV6, "ipv6");
const refusedIpv6 = blockList(REFUSED_IPV6, "ipv6");

/**
 * Whether an address belongs to the public internet.
 * @param address IPv4 or IPv6, as the resolver or a parsed URL gives it; anything else is not public
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !refusedIpv4.check(address, "ipv4");
  if (family === 6) return globalIpv6.check(address, "ipv6") && !refusedIpv6.check(address, "ipv6");
  return false;
}

function blockList(subnets: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = "", prefix] = subnet.split("/");
    list.addSubnet(network, Number(prefix), family);
  }
  return list;
}
