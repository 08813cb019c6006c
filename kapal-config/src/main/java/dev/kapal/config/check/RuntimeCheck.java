package dev.kapal.config.check;

import dev.kapal.config.check.Host.Ran;
import dev.kapal.config.check.Trials.Outcome;
import dev.kapal.config.runtime.KataPaths;
import dev.kapal.config.runtime.ResolvedRuntime;
import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.JsonReader;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Parsed;
import dev.kapal.runtime.Tier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One runtime: its program is found, can execute here, tells its version and features, and runs a
 * container. What failed is not followed by what needs it.
 *
 * @param name as users write it
 * @param names what names stand for
 * @param trials runs the container
 */
record RuntimeCheck(String name, RuntimeNames names, Trials trials) implements Check {
  private static final Duration ANSWER = Duration.ofSeconds(5);
  private static final Duration START = Duration.ofSeconds(30);
  private static final Pattern MAJOR = Pattern.compile("\\bv?(\\d{1,3})\\.\\d");

  @Override
  public List<Finding> run(Host host) {
    List<Finding> all = new ArrayList<>();
    Group group = Group.runtime(name);
    if (program(host, group, all)) {
      all.add(container(host, group));
    }
    return all.stream().map(f -> f.of(name)).toList();
  }

  /** Whether a container may be tried. */
  private boolean program(Host host, Group group, List<Finding> all) {
    ResolvedRuntime found;
    try {
      found = names.resolve(name);
    } catch (ConfigException.UnknownRuntime e) {
      all.add(
          group.failure(
              "runtime.program",
              Facts.sentence(String.valueOf(e.getMessage())),
              "kapal runtime ls shows what there is; kapal runtime install NAME PATH adds one"));
      return false;
    }
    return switch (found) {
      case ResolvedRuntime.BuiltIn _ -> {
        all.add(group.ok("runtime.program", "built in"));
        yield true;
      }
      case ResolvedRuntime.Program program ->
          executable(host, group, program.path(), all)
              && version(host, group, program.path(), "--version", all)
              && features(host, group, program.path(), all);
      case ResolvedRuntime.Shim shim ->
          executable(host, group, shim.path(), all)
              && shimSays(host, group, shim.path(), all)
              && shimVersion(host, group, shim.path(), all);
    };
  }

  private static boolean executable(Host host, Group group, Path path, List<Finding> all) {
    if (KataPaths.isRuntime(path.toString())) {
      all.add(
          group.failure(
              "runtime.program",
              path + " is no OCI runtime: " + KataPaths.EXPLANATION,
              "remove the path and set type = \"io.containerd.kata.v2\""));
      return false;
    }
    all.add(group.ok("runtime.program", path.toString()));
    if (host.text(path.toString()).filter(t -> t.startsWith("#!")).isPresent()) {
      all.add(group.ok("runtime.executable", "a script; what it runs cannot be seen beforehand"));
      return true;
    }
    List<String> obstacles = host.fit().obstacles(path);
    obstacles.forEach(o -> {
      int remedy = o.lastIndexOf("; install");
      all.add(
          group.failure(
              "runtime.executable",
              Facts.sentence(remedy < 0 ? o : o.substring(0, remedy)),
              remedy < 0
                  ? "install the build for this machine and distribution"
                  : Facts.sentence(o.substring(remedy + 2))));
    });
    if (obstacles.isEmpty()) {
      all.add(
          group.ok("runtime.executable", "it can execute here: architecture and C library fit"));
    }
    return obstacles.isEmpty();
  }

  private static boolean version(
      Host host, Group group, Path path, String option, List<Finding> all) {
    Ran ran = host.run(List.of(path.toString(), option), ANSWER);
    Optional<String> told = versionLine(ran);
    if (told.isPresent()) {
      all.add(group.ok("runtime.version", told.get()));
      return true;
    }
    String line = Facts.sentence(ran.firstLine());
    String command = path + " " + option;
    String what;
    if (ran.status().isEmpty()) {
      what = command + " did not answer within " + ANSWER.toSeconds() + " s and was killed";
    } else if (ran.ok()) {
      what =
          command
              + (line.isEmpty() ? " prints nothing" : " prints \"" + line + "\"")
              + ", which is no version";
    } else {
      what =
          command
              + " ended with status "
              + ran.status().getAsInt()
              + (line.isEmpty() ? " and said nothing" : ": " + line);
    }
    Optional<KnownFailures.Explanation> known = KnownFailures.explain(ran.err() + ran.out());
    all.add(
        group.failure(
            "runtime.version",
            what + known.map(k -> "; that is: " + k.cause()).orElse(""),
            known
                .map(KnownFailures.Explanation::remedy)
                .orElse("try the command by hand; if this is no runtime, correct its path")));
    return false;
  }

  /** The first line with a number as versions are; empty: it failed, or there is none. */
  private static Optional<String> versionLine(Ran ran) {
    return ran.ok()
        ? (ran.out() + "\n" + ran.err())
            .lines()
            .filter(l -> l.length() <= 300 && MAJOR.matcher(l).find())
            .map(l -> Facts.sentence(l.strip().replaceFirst("(?i)^version: *", "")))
            .findFirst()
        : Optional.empty();
  }

  /** containerd's shims answer to -v, Kata's to --version, and some to neither. */
  private static boolean shimSays(Host host, Group group, Path path, List<Finding> all) {
    for (String option : List.of("-v", "--version")) {
      Ran ran = host.run(List.of(path.toString(), option), ANSWER);
      if (ran.status().isEmpty()) {
        return version(host, group, path, option, all);
      }
      Optional<String> told = versionLine(ran);
      if (told.isPresent()) {
        all.add(group.ok("runtime.version", told.get()));
        return true;
      }
    }
    all.add(group.ok("runtime.version", "it tells no version, which shims need not"));
    return true;
  }

  /** Runtimes older than the runtime-spec's 1.1 have no such command, which does no harm. */
  private static boolean features(Host host, Group group, Path path, List<Finding> all) {
    Ran ran = host.run(List.of(path.toString(), "features"), ANSWER);
    if (ran.status().isEmpty()) {
      all.add(
          group.failure(
              "runtime.features",
              path + " features did not answer within " + ANSWER.toSeconds() + " s and was killed",
              "try the command by hand; if this is no runtime, correct its path"));
      return false;
    }
    Parsed parsed = JsonReader.read(path + " features", ran.ok() ? ran.out() : "");
    if (!ran.ok() || parsed.refused()) {
      all.add(group.ok("runtime.features", "it has no features command, as older ones have not"));
      return true;
    }
    all.add(group.ok("runtime.features", "it tells its features" + features(parsed.root())));
    return true;
  }

  private static String features(Node.Table root) {
    List<String> known = new ArrayList<>();
    if (root.get("ociVersionMax").orElse(null) instanceof Node.Text max) {
      known.add("runtime-spec up to " + max.value());
    }
    if (root.find("linux", "namespaces").orElse(null) instanceof Node.Array all) {
      known.add(all.texts().size() + " kinds of namespaces");
    }
    flag(root, "id-mapped mounts", known, "linux", "mountExtensions", "idmap", "enabled");
    flag(root, "seccomp", known, "linux", "seccomp", "enabled");
    flag(root, "systemd cgroups", known, "linux", "cgroup", "systemd");
    return known.isEmpty() ? "" : ": " + Facts.sentence(String.join(", ", known));
  }

  private static void flag(Node.Table root, String word, List<String> known, String... path) {
    if (root.find(path).orElse(null) instanceof Node.Flag flag && flag.value()) {
      known.add(word);
    }
  }

  /**
   * A shim of containerd 2 answers with version 3, which only engines from containerd 2 on know.
   */
  private static boolean shimVersion(Host host, Group group, Path path, List<Finding> all) {
    Optional<Path> engine = host.lookup().find("containerd");
    String file = String.valueOf(path.getFileName());
    if (engine.isEmpty() || !file.startsWith("containerd-shim-runc-")) {
      return true;
    }
    int shim = major(host.run(List.of(path.toString(), "-v"), ANSWER));
    int containerd = major(host.run(List.of(engine.get().toString(), "--version"), ANSWER));
    if (shim > containerd && containerd > 0) {
      all.add(
          group.warning(
              "runtime.shim-version",
              file
                  + " is of containerd "
                  + shim
                  + " and containerd here is "
                  + containerd
                  + ": there it fails with \"unsupported shim version (3)\"; Kapal speaks 2 and 3",
              "install both of one release"));
    } else {
      all.add(group.ok("runtime.shim-version", "Kapal speaks versions 2 and 3 of the protocol"));
    }
    return true;
  }

  private static int major(Ran ran) {
    Matcher matcher = MAJOR.matcher(ran.out() + "\n" + ran.err());
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
  }

  private Finding container(Host host, Group group) {
    Optional<String> unavailable = trials.unavailable();
    if (unavailable.isPresent()) {
      return group.failure(
          "runtime.container",
          "no container could be tried: " + Facts.sentence(unavailable.get()),
          "correct that first");
    }
    return switch (trials.run(name, false, START)) {
      case Outcome.Ran ran -> ran(host, group, TrialFacts.parse(ran.output()), ran.took());
      case Outcome.Failed failed ->
          ContainerChecks.failed(group, "runtime.container", failed.reason());
    };
  }

  private Finding ran(Host host, Group group, TrialFacts facts, Duration took) {
    if (!facts.whole()) {
      return group.failure(
          "runtime.container",
          "it says that a container ran, but nothing of what that prints came",
          "if this is no runtime, correct its path");
    }
    boolean own = !facts.kernel().equals(host.kernel().release().text());
    boolean stronger = names.resolve(name).entry().tier() != Tier.NATIVE;
    if (stronger && !own) {
      return group.warning(
          "runtime.container",
          "a container ran, but on the host's kernel ("
              + facts.kernel()
              + "), although the runtime's tier promises another one",
          "set runtimes." + name + ".tier to what it is, or look at its configuration");
    }
    return group.ok(
        "runtime.container",
        "a container was started, ran and stopped in "
            + took.toMillis()
            + " ms; kernel inside: "
            + facts.kernel());
  }
}
