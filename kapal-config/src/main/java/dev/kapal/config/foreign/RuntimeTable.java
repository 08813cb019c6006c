package dev.kapal.config.foreign;

import dev.kapal.config.runtime.KataPaths;
import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.text.Node;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Translates a runtime of another engine into a table {@code runtimes.NAME}. */
final class RuntimeTable {
  private static final Set<String> RUNC_TYPES =
      Set.of("io.containerd.runc.v1", "io.containerd.runc.v2", "io.containerd.runtime.v1.linux");
  private static final String NAME = "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}";

  private final Intake intake;
  private final String name;

  RuntimeTable(Intake intake, String name) {
    this.intake = intake;
    this.name = name;
  }

  /** Whether the name can be used here; complains if not. */
  boolean nameFits(Found found) {
    if (name.equals(RuntimeNames.BUILT_IN)) {
      intake.mistake(
          found,
          "not taken: the name \"native\" is that of Kapal's own runtime; give it another one");
      return false;
    }
    if (!name.matches(NAME)) {
      intake.mistake(
          found,
          "not taken: \"" + name + "\" is no name for a runtime: letters, digits, _ . - only");
      return false;
    }
    return true;
  }

  void set(Found found, Outcome outcome, String key, Node value) {
    if (outcome == Outcome.TAKEN) {
      intake.take(found, value, "runtimes", name, key);
    } else {
      intake.translate(found, value, "runtimes", name, key);
    }
  }

  void text(Found found, String key, String value) {
    set(found, Outcome.TRANSLATED, key, new Node.Text(found.at(), value));
  }

  /** Whether a program that stands where one like runc belongs becomes a shim here. */
  static boolean isShim(String path) {
    return KataPaths.isRuntime(path) || path.contains("containerd-shim-");
  }

  /** A program with runc's command line. */
  void program(Found found, String path) {
    if (KataPaths.isRuntime(path)) {
      intake.mistake(
          found, KataPaths.EXPLANATION + "; here it becomes type = \"io.containerd.kata.v2\"");
      text(found, "kind", "shim");
      text(found, "type", "io.containerd.kata.v2");
      return;
    }
    if (path.contains("containerd-shim-")) {
      intake.mistake(
          found, "a shim stands where a program with runc's command line belongs; name its type");
      text(found, "kind", "shim");
      text(found, "path", path);
      return;
    }
    text(found, "kind", "oci");
    text(found, "path", path);
  }

  /** runc's shim runs runc unless it is told otherwise, whatever the runtime is called. */
  void finish(Found found, String type) {
    if (isRunc(type)
        && !name.equals("runc")
        && intake.find("runtimes", name, "path").isEmpty()
        && intake.find("runtimes", name, "type").isEmpty()) {
      text(found, "path", "runc");
    }
  }

  static boolean isRunc(String type) {
    return RUNC_TYPES.contains(type);
  }

  /** A type of shim; runc's own needs no shim here. */
  void type(Found found, String type) {
    if (type.startsWith("/")) {
      text(found, "kind", "shim");
      text(found, "path", type);
      return;
    }
    if (type.equals("io.containerd.runtime.v1.linux") || type.equals("io.containerd.runc.v1")) {
      intake.mistake(
          found,
          "containerd 2.0 removed the shim "
              + type
              + " (\"unsupported shim version\" or \"no such runtime\" there): use"
              + " io.containerd.runc.v2");
    }
    if (isRunc(type)) {
      text(found, "kind", "oci");
      return;
    }
    if (RuntimeNames.shimProgram(type).isEmpty()) {
      intake.mistake(
          found,
          "not taken: \"" + type + "\" is no type of shim; one looks like io.containerd.runsc.v1");
      return;
    }
    text(found, "kind", "shim");
    text(found, "type", type);
  }

  /** Options of runc's shim, which are settings here. */
  void runcOptions(Found options) {
    if (!(options.node() instanceof Node.Table table)) {
      intake.mistake(options, "this is a table");
      return;
    }
    Map<String, Node> rest = new TreeMap<>();
    table
        .entries()
        .forEach((key, node) -> {
          Found found = options.child(key, node);
          if (runcOption(found, key)) {
            rest.put(key, node);
          }
        });
    if (!rest.isEmpty()) {
      set(options, Outcome.TRANSLATED, "options", new Node.Table(options.at(), rest));
    }
  }

  /** Whether an option goes on as an option. */
  private boolean runcOption(Found found, String key) {
    switch (key) {
      case "BinaryName" -> {
        if (!found.isEmpty()) {
          found
              .text()
              .ifPresentOrElse(
                  path -> program(found, path), () -> intake.mistake(found, "this is a string"));
        } else {
          intake.notApplicable(found, "it is empty: runc on PATH is used");
        }
      }
      case "Root" -> {
        if (found.isEmpty()) {
          intake.notApplicable(found, Found.UNSET);
        } else {
          set(found, Outcome.TRANSLATED, "root", found.node());
        }
      }
      case "SystemdCgroup" -> {
        if (!(found.node() instanceof Node.Flag)) {
          intake.mistake(found, "this is true or false");
        } else if (found.isTrue()) {
          CgroupDrivers.set(intake, found, "systemd");
        } else if (intake.find("daemon", "cgroup_driver").isEmpty()) {
          CgroupDrivers.set(intake, found, "cgroupfs");
        } else {
          intake.notApplicable(found, "daemon.cgroup_driver is for all runtimes");
        }
      }
      case "CriuPath", "CriuImagePath", "CriuWorkPath" ->
          intake.notApplicable(
              found,
              found.isEmpty() ? Found.UNSET : "checkpoints have directories of their own in Kapal");
      case "ShimCgroup" ->
          intake.notApplicable(
              found,
              found.isEmpty()
                  ? Found.UNSET
                  : "there is no shim: Kapal's monitor drives the program itself");
      case "IoUid", "IoGid" ->
          intake.notApplicable(
              found,
              found.isEmpty()
                  ? "it is 0: the default counts"
                  : "the pipes of a container belong to its user in Kapal");
      case "NoPivotRoot", "NoNewKeyring" -> {
        if (found.isTrue()) {
          return true;
        }
        intake.notApplicable(found, "it is off: the default counts");
      }
      case "NoCgroupV2", "TaskApiAddress", "TaskApiVersion" ->
          intake.notApplicable(found, "it is about the shim, and there is none");
      default ->
          intake.add(
              found.at(),
              found.key(),
              Outcome.UNKNOWN,
              "runc's shim has no such option"
                  + dev.kapal.config.text.Nearest.of(
                          key,
                          Set.of(
                              "BinaryName",
                              "Root",
                              "SystemdCgroup",
                              "NoPivotRoot",
                              "NoNewKeyring",
                              "ShimCgroup",
                              "IoUid",
                              "IoGid",
                              "CriuImagePath",
                              "CriuWorkPath"))
                      .map(n -> "; did you mean \"" + n + "\"?")
                      .orElse(""));
    }
    return false;
  }

  /** Options of any other shim, which it gets as they are. */
  void shimOptions(Found options) {
    if (!(options.node() instanceof Node.Table table)) {
      intake.mistake(options, "this is a table");
      return;
    }
    Optional<Node> binary = table.get("BinaryName");
    if (binary.isPresent()) {
      intake.mistake(
          options.child("BinaryName", binary.get()),
          "BinaryName is an option of runc's shim; this shim passes it over. Its own options are"
              + " TypeUrl, ConfigPath or a table of the shim");
    }
    if (!table.entries().isEmpty()) {
      set(options, Outcome.TAKEN, "options", table);
    } else {
      intake.notApplicable(options, Found.UNSET);
    }
  }
}
