package dev.kapal.network;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Publishes TCP ports on Kapal's own bridges with one nft transaction, doing what the portmap
 * plugin does with some twenty runs of iptables. UDP stays with that plugin: it also has to make
 * the kernel forget flows from before the port was published.
 *
 * <p>Each container has chains of its own, so that unpublishing needs to know nothing but its id.
 */
final class PortPublisher {
  private static final List<String> CHAINS = List.of("publish_", "local_", "back_");

  private final HostPrograms programs;
  private final Supplier<Boolean> usable = new Once(this::probe);

  PortPublisher(HostPrograms programs) {
    this.programs = programs;
  }

  /** Whether all of these ports can be published here. */
  boolean takes(List<PublishedPort> ports) {
    return ports.stream().allMatch(p -> p.protocol() == Protocol.TCP) && usable.get();
  }

  private boolean probe() {
    PublishedPort sample = new PublishedPort(Optional.empty(), 1, 1, Protocol.TCP);
    String script = script("probe", List.of(Addresses.parse("192.0.2.1")), List.of(sample));
    // With -c the kernel checks the transaction and does not commit it.
    return HostPrograms.find("tee").isPresent()
        && HostPrograms.find("nft")
            .map(nft -> programs.run(nft, List.of("-c", "-f", "-"), script).exitCode() == 0)
            .orElse(false);
  }

  /** Publishes; doing it again replaces. */
  void publish(
      String containerId, String bridge, List<InetAddress> addresses, List<PublishedPort> ports) {
    Path nft = HostPrograms.find("nft").orElseThrow();
    PluginRunner.Outcome outcome =
        programs.run(nft, List.of("-f", "-"), script(containerId, addresses, ports));
    if (outcome.exitCode() != 0) {
      throw new NetworkException.Missing(
          "cannot publish the ports of container "
              + containerId
              + " with nft: "
              + Plugins.cut(outcome.errors()));
    }
    if (addresses.stream().anyMatch(Addresses::isV4)) {
      // Lets the host reach the ports through 127.0.0.1; BridgeRules guards the other direction.
      programs.run(
          HostPrograms.find("tee").orElseThrow(),
          List.of("/proc/sys/net/ipv4/conf/" + Names.device(bridge) + "/route_localnet"),
          "1");
    }
  }

  /** Removes what was published; what is not there is no error. */
  void unpublish(String containerId) {
    StringBuilder out = new StringBuilder();
    for (String ip : List.of("ip", "ip6")) {
      out.append("add table ").append(ip).append(" kapal\n");
      for (String chain : CHAINS) {
        String name = ip + " kapal " + chain + key(containerId);
        out.append("add chain %s\nflush chain %s\ndelete chain %s\n".formatted(name, name, name));
      }
    }
    PluginRunner.Outcome outcome =
        programs.run(
            HostPrograms.find("nft").orElseThrow(() -> gone(containerId)),
            List.of("-f", "-"),
            out.toString());
    if (outcome.exitCode() != 0) {
      throw new NetworkException.State(
          "cannot withdraw the published ports of container "
              + containerId
              + " with nft: "
              + Plugins.cut(outcome.errors()));
    }
  }

  private static NetworkException.Missing gone(String containerId) {
    return new NetworkException.Missing(
        "the ports of container "
            + containerId
            + " were published with nft, which is gone: install the package nftables");
  }

  private static String key(String containerId) {
    return Names.id("container " + containerId).substring(0, 12);
  }

  static String script(String containerId, List<InetAddress> addresses, List<PublishedPort> ports) {
    StringBuilder out = new StringBuilder();
    for (boolean v6 : new boolean[] {false, true}) {
      Optional<InetAddress> to =
          addresses.stream().filter(a -> Addresses.isV6(a) == v6).findFirst();
      List<String> matches = new ArrayList<>();
      to.ifPresent(a -> ports.forEach(p -> rule(p, a, v6).ifPresent(matches::add)));
      if (matches.isEmpty()) {
        continue;
      }
      String ip = v6 ? "ip6" : "ip";
      String address = Addresses.text(to.orElseThrow());
      out.append("add table ").append(ip).append(" kapal\n");
      chain(out, ip, "publish_" + key(containerId), "prerouting priority -100", matches);
      chain(out, ip, "local_" + key(containerId), "output priority -100", matches);
      List<String> back = new ArrayList<>();
      // A container that calls itself by the host's address must get the answer from there.
      back.add("%s saddr %s %s daddr %s masquerade".formatted(ip, address, ip, address));
      if (!v6) {
        back.add("ip saddr 127.0.0.0/8 ip daddr " + address + " masquerade");
      }
      chain(out, ip, "back_" + key(containerId), "postrouting priority 99", back);
    }
    return out.toString();
  }

  private static Optional<String> rule(PublishedPort port, InetAddress to, boolean v6) {
    String where = "fib daddr type local" + (v6 ? " ip6 daddr != ::1" : "");
    if (port.hostAddress().isPresent()) {
      InetAddress host = port.hostAddress().get();
      if (Addresses.isV6(host) != v6) {
        return Optional.empty();
      }
      if (!host.isAnyLocalAddress()) {
        where = (v6 ? "ip6 daddr " : "ip daddr ") + Addresses.text(host);
      }
    }
    return Optional.of(
        "%s tcp dport %d dnat to %s:%d"
            .formatted(where, port.hostPort(), Addresses.bracketed(to), port.containerPort()));
  }

  private static void chain(
      StringBuilder out, String ip, String name, String hook, List<String> rules) {
    out.append("add chain %s kapal %s { type nat hook %s ; }\n".formatted(ip, name, hook));
    out.append("flush chain %s kapal %s\n".formatted(ip, name));
    rules.forEach(r -> out.append("add rule %s kapal %s %s\n".formatted(ip, name, r)));
  }

  /** Asks once, at the first need. */
  private static final class Once implements Supplier<Boolean> {
    private final Supplier<Boolean> question;
    private Optional<Boolean> answer = Optional.empty();

    Once(Supplier<Boolean> question) {
      this.question = question;
    }

    @Override
    public synchronized Boolean get() {
      if (answer.isEmpty()) {
        answer = Optional.of(question.get());
      }
      return answer.get();
    }
  }
}
