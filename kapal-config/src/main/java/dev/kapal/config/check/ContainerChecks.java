package dev.kapal.config.check;

import dev.kapal.config.check.Trials.Outcome;
import dev.kapal.config.runtime.RuntimeNames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a real container of Kapal's own runtime is made of: looked at from inside. */
final class ContainerChecks {
  /** For one container. */
  static final Duration LIMIT = Duration.ofSeconds(20);

  private static final List<String> KINDS = List.of("pid", "net", "mnt", "uts", "ipc", "cgroup");

  private ContainerChecks() {}

  /** A container as they usually are. */
  static Check plain(Trials trials) {
    return host -> {
      Optional<String> unavailable = trials.unavailable();
      if (unavailable.isPresent()) {
        return List.of(
            Group.CONTAINERS.failure(
                "container.run",
                "no container could be tried: " + Facts.sentence(unavailable.get()),
                "correct that first; kapald --check says the same without a daemon"));
      }
      return switch (trials.run(RuntimeNames.BUILT_IN, false, LIMIT)) {
        case Outcome.Ran ran -> of(host, TrialFacts.parse(ran.output()), ran.took());
        case Outcome.Failed failed ->
            List.of(failed(Group.CONTAINERS, "container.run", failed.reason()));
      };
    };
  }

  /** What to say of a container that failed: known reasons are explained. */
  static Finding failed(Group group, String id, String reason) {
    Optional<KnownFailures.Explanation> known = KnownFailures.explain(reason);
    // The container is gone when this is read: its id helps nobody.
    String why =
        reason
            .replaceFirst("(?s)^cannot start container [^:]{1,80}: ", "")
            .replaceAll("(container )?\\b[0-9a-f]{64}\\b", "it");
    return group.failure(
        id,
        "no container runs: "
            + Facts.sentence(why)
            + known.map(k -> "; that is: " + k.cause()).orElse(""),
        known
            .map(KnownFailures.Explanation::remedy)
            .orElse("correct what it names; the daemon's log has more"));
  }

  static List<Finding> of(Host host, TrialFacts facts, Duration took) {
    if (!facts.whole()) {
      return List.of(
          Group.CONTAINERS.failure(
              "container.run",
              "a container ran, but did not print what it should",
              "look into the daemon's log"));
    }
    List<Finding> all = new ArrayList<>();
    all.add(
        Group.CONTAINERS.ok(
            "container.run", "one was started, ran and stopped in " + took.toMillis() + " ms"));
    all.add(namespaces(host, facts));
    all.add(
        facts.rootType().equals("overlay")
            ? Group.CONTAINERS.ok("container.overlay", "its root is an overlay")
            : Group.CONTAINERS.failure(
                "container.overlay",
                "its root is "
                    + (facts.rootType().isEmpty() ? "not to be seen" : facts.rootType())
                    + " instead of an overlay",
                "look into the daemon's log"));
    all.add(
        facts.status("Seccomp").equals("2")
            ? Group.CONTAINERS.ok("container.seccomp", "its system calls are filtered")
            : Group.CONTAINERS.failure(
                "container.seccomp",
                "its system calls are not filtered",
                "use a kernel with CONFIG_SECCOMP_FILTER, and look at containers.seccomp_profile"));
    all.add(memory(facts));
    return all;
  }

  private static Finding namespaces(Host host, TrialFacts facts) {
    List<String> shared =
        KINDS.stream()
            .filter(kind -> !kind.equals("cgroup") || host.kernel().cgroupNamespace())
            .filter(kind ->
                facts.namespace(kind).isEmpty()
                    || facts.namespace(kind).equals(host.namespace(kind)))
            .toList();
    return shared.isEmpty()
        ? Group.CONTAINERS.ok(
            "container.namespaces", "it had namespaces of its own: " + String.join(", ", KINDS))
        : Group.CONTAINERS.failure(
            "container.namespaces",
            "it shared namespaces with the host: " + String.join(", ", shared),
            "use a kernel with these namespaces, and look at the user.max_*_namespaces sysctls");
  }

  private static Finding memory(TrialFacts facts) {
    String seen = facts.memory().orElse("");
    return seen.equals(Long.toString(Trials.MEMORY))
        ? Group.CONTAINERS.ok("container.limits", "its limit of memory was set")
        : Group.CONTAINERS.failure(
            "container.limits",
            "its limit of memory is not to be seen inside"
                + (seen.isEmpty() ? "" : ": " + Facts.sentence(seen)),
            "see cgroup.controllers");
  }

  /** One with a user namespace. */
  static Check mapped(Trials trials) {
    return host -> {
      if (trials.unavailable().isPresent()
          || !host.kernel().userNamespaces()
          || !host.kernel().idmappedMounts()) {
        return List.of();
      }
      return List.of(
          switch (trials.run(RuntimeNames.BUILT_IN, true, LIMIT)) {
            case Outcome.Ran ran -> {
              TrialFacts facts = TrialFacts.parse(ran.output());
              yield facts.mapped() && facts.rootType().equals("overlay")
                  ? Group.CONTAINERS.ok(
                      "container.user-namespace",
                      "one with a user namespace ran on id-mapped layers")
                  : Group.CONTAINERS.warning(
                      "container.user-namespace",
                      "one with --userns private ran, but its root is the host's",
                      "look at containers.userns_uids and /etc/subuid");
            }
            case Outcome.Failed failed ->
                Group.CONTAINERS.warning(
                    "container.user-namespace",
                    "one with --userns private does not run: " + Facts.sentence(failed.reason()),
                    "leave it out, or correct what it names");
          });
    };
  }
}
