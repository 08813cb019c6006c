package dev.kapal.network;

import java.util.List;

/**
 * What the firewall has to do for one of Kapal's bridges.
 *
 * @param key distinguishes the network's chains, 12 hexadecimal digits
 * @param subnets of the network
 * @param internal nothing passes between the bridge and anywhere else
 */
record BridgeRules(String key, String bridge, List<IpPrefix> subnets, boolean internal) {
  BridgeRules {
    subnets = List.copyOf(subnets);
  }

  static BridgeRules of(Network network) {
    return new BridgeRules(
        network.id().substring(0, 12),
        network.bridge().orElseThrow(),
        network.subnets().stream().map(Subnet::prefix).toList(),
        network.internal());
  }

  List<IpPrefix> family(boolean v6) {
    return subnets.stream().filter(s -> s.isV6() == v6).toList();
  }

  /**
   * One transaction for {@code nft -f -}: chains are made when missing and filled anew. Each
   * network has base chains of its own, so that it can be removed without reading rules back.
   */
  String nft() {
    StringBuilder out = new StringBuilder();
    for (boolean v6 : new boolean[] {false, true}) {
      List<IpPrefix> prefixes = family(v6);
      if (prefixes.isEmpty()) {
        continue;
      }
      String ip = v6 ? "ip6" : "ip";
      out.append("add table ").append(ip).append(" kapal\n");
      if (!internal) {
        String chain = ip + " kapal masquerade_" + key;
        out.append("add chain ")
            .append(chain)
            .append(" { type nat hook postrouting priority 100 ; }\n");
        out.append("flush chain ").append(chain).append('\n');
        for (IpPrefix prefix : prefixes) {
          String multicast = v6 ? "ff00::/8" : "224.0.0.0/4";
          out.append("add rule ")
              .append(chain)
              .append(" %s saddr %s %s daddr != %s ".formatted(ip, prefix, ip, prefix))
              .append("%s daddr != %s masquerade\n".formatted(ip, multicast));
        }
      }
      if (!v6) {
        // The portmap plugin sets route_localnet, so that the host reaches published ports through
        // 127.0.0.1; without this, containers could reach the host's loopback (CVE-2020-8558).
        String guard = "ip kapal guard_" + key;
        out.append("add chain ")
            .append(guard)
            .append(" { type filter hook prerouting priority -300 ; }\n");
        out.append("flush chain ").append(guard).append('\n');
        out.append(
            "add rule %s iifname \"%s\" ip daddr 127.0.0.0/8 drop\n".formatted(guard, bridge));
      }
      String chain = ip + " kapal forward_" + key;
      out.append("add chain ")
          .append(chain)
          .append(" { type filter hook forward priority -10 ; }\n");
      out.append("flush chain ").append(chain).append('\n');
      if (internal) {
        out.append(
            "add rule %s iifname \"%s\" oifname != \"%s\" drop\n".formatted(chain, bridge, bridge));
        out.append(
            "add rule %s oifname \"%s\" iifname != \"%s\" drop\n".formatted(chain, bridge, bridge));
      } else {
        // Other networks are reached through their published ports only.
        out.append(
            "add rule %s iifname \"%s\" oifname \"%s*\" oifname != \"%s\" ct state new ct status & dnat == 0 drop\n"
                .formatted(chain, bridge, NetworkFactory.BRIDGE_PREFIX, bridge));
      }
    }
    return out.toString();
  }

  /** Removes what {@link #nft()} made; adding first makes it succeed when nothing is there. */
  String nftRemoval() {
    StringBuilder out = new StringBuilder();
    for (boolean v6 : new boolean[] {false, true}) {
      if (family(v6).isEmpty()) {
        continue;
      }
      String ip = v6 ? "ip6" : "ip";
      out.append("add table ").append(ip).append(" kapal\n");
      for (String name : List.of("masquerade_", "forward_", "guard_")) {
        String chain = ip + " kapal " + name + key;
        out.append("add chain ").append(chain).append('\n');
        out.append("flush chain ").append(chain).append('\n');
        out.append("delete chain ").append(chain).append('\n');
      }
    }
    return out.toString();
  }
}
