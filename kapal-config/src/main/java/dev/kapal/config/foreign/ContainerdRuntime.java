package dev.kapal.config.foreign;

import dev.kapal.config.text.Node;
import java.util.Set;

/** Reads one runtime of containerd's CRI. */
final class ContainerdRuntime {
  private static final Set<String> KEYS =
      Set.of(
          "runtime_type",
          "runtime_path",
          "options",
          "pod_annotations",
          "container_annotations",
          "privileged_without_host_devices",
          "privileged_without_host_devices_all_devices_allowed",
          "cgroup_writable",
          "base_runtime_spec",
          "cni_conf_dir",
          "cni_max_conf_num",
          "snapshotter",
          "sandboxer",
          "sandbox_mode",
          "disable_pause_image_pull",
          "io_type",
          "runtime_engine",
          "runtime_root");

  private final Intake intake;
  private final RuntimeTable runtime;
  private final String type;
  private final boolean hasPath;

  private ContainerdRuntime(Intake intake, RuntimeTable runtime, String type, boolean hasPath) {
    this.intake = intake;
    this.runtime = runtime;
    this.type = type;
    this.hasPath = hasPath;
  }

  static void read(Intake intake, Found f, String name) {
    RuntimeTable runtime = new RuntimeTable(intake, name);
    if (!(f.node() instanceof Node.Table table)) {
      intake.mistake(f, "a runtime is a table");
      return;
    }
    if (!runtime.nameFits(f)) {
      return;
    }
    String type =
        table.get("runtime_type").orElse(null) instanceof Node.Text text ? text.value() : "";
    boolean path =
        table.get("runtime_path").orElse(null) instanceof Node.Text text && !text.value().isEmpty();
    if (type.isEmpty()) {
      intake.mistake(
          f,
          "runtime_type is missing, and containerd refuses to start over it: runc's is"
              + " \"io.containerd.runc.v2\"");
    }
    ContainerdRuntime reader = new ContainerdRuntime(intake, runtime, type, path);
    table.entries().forEach((key, node) -> reader.key(key, f.child(key, node)));
    runtime.finish(f, type);
  }

  private void key(String key, Found f) {
    switch (key) {
      case "runtime_type" -> {
        if (!type.isEmpty() && !(hasPath && RuntimeTable.isRunc(type))) {
          runtime.type(f, type);
        } else if (hasPath) {
          intake.notApplicable(f, "runtime_path goes before it");
        }
      }
      case "runtime_path" -> path(f);
      case "options" -> options(f);
      case "pod_annotations", "container_annotations" -> {
        if (f.isEmpty()) {
          intake.notApplicable(f, Found.UNSET);
        } else {
          runtime.set(f, Outcome.TAKEN, key, f.node());
        }
      }
      case "privileged_without_host_devices" -> runtime.set(f, Outcome.TAKEN, key, f.node());
      case "snapshotter" -> {
        if (f.isEmpty()) {
          intake.notApplicable(f, Found.UNSET);
        } else {
          runtime.set(f, Outcome.TAKEN, key, f.node());
        }
      }
      case "runtime_engine" -> {
        if (f.isEmpty()) {
          intake.notApplicable(f, Found.UNSET);
        } else {
          intake.mistake(
              f,
              "containerd 2 no longer knows this key; it is BinaryName in the runtime's options");
          runtime.program(f, f.text().orElse(""));
        }
      }
      case "runtime_root" -> {
        if (f.isEmpty()) {
          intake.notApplicable(f, Found.UNSET);
        } else {
          intake.mistake(
              f, "containerd 2 no longer knows this key; it is Root in the runtime's options");
          runtime.set(f, Outcome.TRANSLATED, "root", f.node());
        }
      }
      case "cni_conf_dir",
          "cni_max_conf_num",
          "base_runtime_spec",
          "cgroup_writable",
          "privileged_without_host_devices_all_devices_allowed",
          "io_type" ->
          intake.notApplicable(
              f, f.isEmpty() ? Found.UNSET : "Kapal has no such setting per runtime");
      case "sandboxer", "sandbox_mode" -> {
        boolean shim = f.text().filter("shim"::equals).isPresent();
        if (shim && RuntimeTable.isRunc(type)) {
          intake.notApplicable(f, "runc's shims make no sandboxes");
        } else if (shim) {
          runtime.set(f, Outcome.TRANSLATED, "sandboxer", new Node.Flag(f.at(), true));
        } else {
          intake.notApplicable(f, f.isEmpty() ? Found.UNSET : "Kapal makes the sandboxes itself");
        }
      }
      case "disable_pause_image_pull" ->
          intake.notApplicable(f, "Kapal needs no pause image for a sandbox");
      default ->
          intake.add(
              f.at(),
              f.key(),
              Outcome.UNKNOWN,
              "containerd knows no such key of a runtime" + ContainerdKeys.nearest(key, KEYS));
    }
  }

  private void path(Found f) {
    String path = f.text().orElse("");
    if (path.isEmpty()) {
      intake.notApplicable(f, Found.UNSET);
      return;
    }
    if (!path.startsWith("/")) {
      intake.mistake(f, "not taken: containerd refuses a relative path of a shim");
      return;
    }
    if (!path.substring(path.lastIndexOf('/') + 1).startsWith("containerd-shim-")) {
      intake.mistake(
          f,
          "runtime_path is the path of a shim (containerd-shim-…), and this is the name of something"
              + " else; a program like runc goes into options.BinaryName");
      runtime.program(f, path);
      return;
    }
    runtime.text(f, "kind", "shim");
    runtime.text(f, "path", path);
  }

  private void options(Found f) {
    if (RuntimeTable.isRunc(type) && !hasPath) {
      runtime.runcOptions(f);
    } else {
      runtime.shimOptions(f);
    }
  }
}
