package dev.kapal.config.foreign;

import dev.kapal.config.runtime.KataPaths;
import dev.kapal.config.text.Node;
import java.util.LinkedHashSet;
import java.util.Set;

/** Reads one table [crio.runtime.runtimes.X]. */
final class CrioRuntime {
  private static final Set<String> OTHER =
      Set.of(
          "monitor_path",
          "monitor_cgroup",
          "monitor_env",
          "monitor_exec_cgroup",
          "platform_runtime_paths",
          "container_min_memory",
          "no_sync_log",
          "seccomp_profile",
          "inherit_default_runtime",
          "default_annotations",
          "exec_cpu_affinity",
          "privileged_without_host_devices_all_devices_allowed",
          "stream_websockets");
  private static final Set<String> KEYS =
      union(
          OTHER,
          Set.of(
              "runtime_path",
              "runtime_type",
              "runtime_root",
              "runtime_config_path",
              "privileged_without_host_devices",
              "allowed_annotations",
              "container_create_timeout"));

  private CrioRuntime() {}

  private static Set<String> union(Set<String> a, Set<String> b) {
    Set<String> all = new LinkedHashSet<>(a);
    all.addAll(b);
    return all;
  }

  static void read(Intake in, Found f) {
    String name = f.part(0);
    RuntimeTable runtime = new RuntimeTable(in, name);
    if (!(f.node() instanceof Node.Table table)) {
      in.mistake(f, "a runtime is a table");
      return;
    }
    if (!runtime.nameFits(f)) {
      return;
    }
    String type = text(table, "runtime_type");
    String path = text(table, "runtime_path");
    type(in, f, runtime, type, path);
    table.entries().forEach((key, node) -> key(in, runtime, key, f.child(key, node), type));
  }

  private static String text(Node.Table table, String key) {
    return table.get(key).orElse(null) instanceof Node.Text text ? text.value() : "";
  }

  private static void type(Intake in, Found f, RuntimeTable runtime, String type, String path) {
    switch (type) {
      case "", "oci" -> {
        if (path.isEmpty()) {
          runtime.text(f, "kind", "oci");
        } else if (path.contains("containerd-shim-")) {
          in.mistake(f, "a shim is of runtime_type = \"vm\", not \"oci\"");
        }
      }
      case "vm" -> {
        if (KataPaths.isRuntime(path)) {
          in.mistake(
              f,
              "a runtime of type vm is a shim, and runtime_path names kata-runtime: write"
                  + " /usr/bin/containerd-shim-kata-v2");
          runtime.text(f, "kind", "shim");
          runtime.text(f, "type", "io.containerd.kata.v2");
        } else {
          runtime.text(f, "kind", "shim");
          runtime.text(f, "tier", "vm");
          if (path.isEmpty()) {
            runtime.text(f, "type", "io.containerd." + f.part(0) + ".v2");
          }
        }
      }
      case "pod" ->
          in.notApplicable(
              f, "conmon-rs drives pods of this type; Kapal drives the program itself");
      default -> in.mistake(f, "runtime_type is oci, vm or pod, not \"" + type + "\"");
    }
  }

  private static void key(Intake in, RuntimeTable runtime, String key, Found f, String type) {
    switch (key) {
      case "runtime_type" -> in.add(f.at(), f.key(), Outcome.TRANSLATED, "it became the kind");
      case "runtime_path" -> {
        String path = f.text().orElse("");
        if (!(f.node() instanceof Node.Text)) {
          in.mistake(f, "this is the path of a program, as a string");
        } else if (path.isEmpty()) {
          in.notApplicable(f, "it is empty: the runtime's name is looked up on PATH");
        } else if (type.equals("vm")) {
          if (!KataPaths.isRuntime(path)) {
            runtime.text(f, "path", path);
          }
        } else {
          runtime.program(f, path);
        }
      }
      case "runtime_root" -> {
        if (f.isEmpty()) {
          in.notApplicable(f, Found.UNSET);
        } else {
          runtime.set(f, Outcome.TRANSLATED, "root", f.node());
        }
      }
      case "runtime_config_path" -> {
        if (f.isEmpty()) {
          in.notApplicable(f, Found.UNSET);
        } else if (!type.equals("vm")) {
          in.mistake(
              f,
              "runtime_config_path goes with runtime_type = \"vm\" only, and CRI-O does not"
                  + " start otherwise");
        } else {
          runtime.set(
              f,
              Outcome.TRANSLATED,
              "options",
              new Node.Table(f.at(), java.util.Map.of("ConfigPath", f.node())));
        }
      }
      case "privileged_without_host_devices" -> runtime.set(f, Outcome.TAKEN, key, f.node());
      case "allowed_annotations" -> {
        if (f.isEmpty()) {
          in.notApplicable(f, Found.UNSET);
        } else {
          runtime.set(f, Outcome.TRANSLATED, "pod_annotations", f.node());
        }
      }
      case "container_create_timeout" -> {
        if (f.isEmpty()) {
          in.notApplicable(f, Found.UNSET);
        } else {
          runtime.set(f, Outcome.TRANSLATED, "create_timeout", f.node());
        }
      }
      default -> {
        if (OTHER.contains(key)) {
          in.notApplicable(f, f.isEmpty() ? Found.UNSET : "Kapal has no such setting per runtime");
        } else {
          in.add(
              f.at(),
              f.key(),
              Outcome.UNKNOWN,
              "CRI-O knows no such key of a runtime" + ContainerdKeys.nearest(key, KEYS));
        }
      }
    }
  }
}
