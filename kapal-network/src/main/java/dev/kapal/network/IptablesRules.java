package dev.kapal.network;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Rules through iptables(8): where nft is missing, and where iptables drops what is forwarded. */
final class IptablesRules {
  private final HostPrograms programs;
  private final Path iptables;

  IptablesRules(HostPrograms programs, Path iptables) {
    this.programs = programs;
    this.iptables = iptables;
  }

  private record Rule(String table, String chain, List<String> match) {}

  private static List<Rule> own(BridgeRules rules, boolean v6) {
    List<Rule> out = new ArrayList<>();
    String bridge = rules.bridge();
    if (!v6) {
      // The host's loopback: see the guard chain of BridgeRules.
      out.add(
          new Rule(
              "mangle", "PREROUTING", List.of("-i", bridge, "-d", "127.0.0.0/8", "-j", "DROP")));
    }
    if (rules.internal()) {
      out.add(
          new Rule("filter", "FORWARD", List.of("-i", bridge, "!", "-o", bridge, "-j", "DROP")));
      out.add(
          new Rule("filter", "FORWARD", List.of("!", "-i", bridge, "-o", bridge, "-j", "DROP")));
      return out;
    }
    for (IpPrefix prefix : rules.family(v6)) {
      out.add(
          new Rule(
              "nat",
              "POSTROUTING",
              List.of("-s", prefix.toString(), "!", "-d", prefix.toString(), "-j", "MASQUERADE")));
    }
    return out;
  }

  private static List<Rule> accepts(BridgeRules rules) {
    if (rules.internal()) {
      return List.of();
    }
    String bridge = rules.bridge();
    List<String> back = List.of("-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED,DNAT");
    List<String> in = new ArrayList<>(List.of("-o", bridge));
    in.addAll(back);
    in.addAll(List.of("-j", "ACCEPT"));
    return List.of(
        new Rule("filter", "FORWARD", in),
        new Rule("filter", "FORWARD", List.of("-i", bridge, "-o", bridge, "-j", "ACCEPT")),
        new Rule("filter", "FORWARD", List.of("-i", bridge, "!", "-o", bridge, "-j", "ACCEPT")));
  }

  /** Makes the rules that nft would make. */
  void ensureOwn(BridgeRules rules, boolean v6) {
    own(rules, v6).forEach(this::ensure);
  }

  /** Lets the bridge's packets pass where the policy of FORWARD is to drop, as Docker sets it. */
  void ensureForwarding(BridgeRules rules) {
    PluginRunner.Outcome policy = programs.run(iptables, List.of("-w", "-S", "FORWARD"), "");
    if (policy.exitCode() == 0 && policy.output().contains("-P FORWARD DROP")) {
      accepts(rules).forEach(this::ensure);
    }
  }

  void remove(BridgeRules rules, boolean v6) {
    List<Rule> all = new ArrayList<>(own(rules, v6));
    all.addAll(accepts(rules));
    for (Rule rule : all) {
      // More than once: a killed process may have inserted it twice.
      boolean more = apply("-D", rule).exitCode() == 0;
      while (more) {
        more = apply("-D", rule).exitCode() == 0;
      }
    }
  }

  private void ensure(Rule rule) {
    if (apply("-C", rule).exitCode() == 0) {
      return;
    }
    PluginRunner.Outcome outcome = apply("-I", rule);
    if (outcome.exitCode() != 0) {
      throw new NetworkException.Missing(
          "cannot add the firewall rule \""
              + iptables.getFileName()
              + " -t "
              + rule.table()
              + " -I "
              + rule.chain()
              + " "
              + String.join(" ", rule.match())
              + "\": "
              + Plugins.cut(outcome.errors()));
    }
  }

  private PluginRunner.Outcome apply(String verb, Rule rule) {
    List<String> arguments = new ArrayList<>(List.of("-w", "-t", rule.table(), verb, rule.chain()));
    arguments.addAll(rule.match().subList(0, rule.match().size() - 2));
    arguments.addAll(List.of("-m", "comment", "--comment", "kapal"));
    arguments.addAll(rule.match().subList(rule.match().size() - 2, rule.match().size()));
    return programs.run(iptables, arguments, "");
  }
}
