package dev.kapal.network;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Address translation and forwarding for Kapal's own bridges. The rules belong to the network, not
 * to its containers: made before its first container and looked after from time to time, so that
 * attaching one costs no firewall program. (The bridge plugin's {@code ipMasq} runs iptables about
 * a dozen times per container.)
 */
final class HostFirewall {
  private static final System.Logger LOG = System.getLogger(HostFirewall.class.getName());
  private static final Duration TRUSTED = Duration.ofSeconds(30);

  private final HostPrograms programs;
  private final Map<String, Long> ensured = new HashMap<>();
  private final ReentrantLock lock = new ReentrantLock();

  HostFirewall(HostPrograms programs) {
    this.programs = programs;
  }

  /**
   * Makes sure that the rules stand. The first call for a network does it before it returns; later
   * ones start it aside when the last time is long ago, since a reload of the host's firewall may
   * have wiped the rules.
   */
  void ensure(BridgeRules rules) {
    lock.lock();
    try {
      Long last = ensured.get(rules.key());
      if (last == null) {
        apply(rules);
        ensured.put(rules.key(), System.nanoTime());
      } else if (System.nanoTime() - last > TRUSTED.toNanos()) {
        ensured.put(rules.key(), System.nanoTime());
        Thread.ofPlatform().daemon().name("kapal-firewall").start(() -> again(rules));
      }
    } finally {
      lock.unlock();
    }
  }

  private void again(BridgeRules rules) {
    lock.lock();
    try {
      if (ensured.containsKey(rules.key())) {
        apply(rules);
      }
    } catch (NetworkException e) {
      LOG.log(System.Logger.Level.WARNING, "renewing firewall rules: " + e.getMessage());
    } finally {
      lock.unlock();
    }
  }

  private void apply(BridgeRules rules) {
    Optional<Path> nft = HostPrograms.find("nft");
    Optional<String> refused = nft.flatMap(program -> tryNft(program, rules.nft()));
    boolean done = nft.isPresent() && refused.isEmpty();
    for (boolean v6 : new boolean[] {false, true}) {
      if (rules.family(v6).isEmpty()) {
        continue;
      }
      Optional<Path> iptables = HostPrograms.find(v6 ? "ip6tables" : "iptables");
      if (!done && iptables.isEmpty()) {
        throw missing(refused);
      }
      iptables.ifPresent(program -> {
        IptablesRules through = new IptablesRules(programs, program);
        if (!done) {
          through.ensureOwn(rules, v6);
        }
        through.ensureForwarding(rules);
      });
    }
  }

  private Optional<String> tryNft(Path nft, String script) {
    PluginRunner.Outcome outcome = programs.run(nft, java.util.List.of("-f", "-"), script);
    return outcome.exitCode() == 0
        ? Optional.empty()
        : Optional.of(Plugins.cut(outcome.errors() + outcome.output()));
  }

  private static NetworkException.Missing missing(Optional<String> refused) {
    return new NetworkException.Missing(
        "bridge networks need nft or iptables for address translation: "
            + refused
                .map(r -> "nft failed (" + r + ") and iptables is not installed")
                .orElse("neither is installed")
            + ": install the package nftables or iptables");
  }

  /** Removes a network's rules; what is not there is no error. */
  void remove(BridgeRules rules) {
    lock.lock();
    try {
      ensured.remove(rules.key());
      HostPrograms.find("nft").ifPresent(program -> tryNft(program, rules.nftRemoval()));
      for (boolean v6 : new boolean[] {false, true}) {
        if (!rules.family(v6).isEmpty()) {
          HostPrograms.find(v6 ? "ip6tables" : "iptables")
              .ifPresent(p -> new IptablesRules(programs, p).remove(rules, v6));
        }
      }
    } finally {
      lock.unlock();
    }
  }
}
