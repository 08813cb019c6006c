package dev.kapal.config.foreign;

import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Nearest;
import dev.kapal.config.text.Node;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What shows only when several settings of containerd are seen together. */
final class ContainerdChecks {
  private ContainerdChecks() {}

  static void check(Intake in, Node.Table root, int version) {
    String runtime = ContainerdReader.runtimePlugin(version);
    String images = ContainerdReader.imagesPlugin(version);
    Node.Table runtimes =
        root.find("plugins", runtime, "containerd", "runtimes").orElse(null)
                instanceof Node.Table table
            ? table
            : Node.Table.empty(root.at());
    defaultName(in, root, runtime, runtimes);
    drivers(in, runtimes);
    root.find("plugins", images, "registry")
        .ifPresent(node -> {
          if (node instanceof Node.Table table
              && table.get("config_path").orElse(null) instanceof Node.Text path
              && !path.value().isEmpty()
              && table.get("mirrors").orElse(null) instanceof Node.Table mirrors
              && !mirrors.entries().isEmpty()) {
            in.add(
                mirrors.at(),
                KeyPath.of("plugins", images, "registry", "mirrors").toString(),
                Outcome.MISTAKE,
                "mirrors and config_path exclude each other, and containerd's CRI does not load with"
                    + " both; move the mirrors into hosts.toml files below "
                    + path.value());
          }
        });
  }

  private static void defaultName(Intake in, Node.Table root, String plugin, Node.Table runtimes) {
    KeyPath path = KeyPath.of("plugins", plugin, "containerd", "default_runtime_name");
    if (!(root.find(path.parts().toArray(String[]::new)).orElse(null) instanceof Node.Text name)) {
      return;
    }
    Found found = new Found(path, name);
    if (name.value().isEmpty()) {
      in.notApplicable(found, Found.UNSET);
    } else if (in.runtimes().contains(name.value()) || name.value().equals("runc")) {
      in.take(found, name, "containers", "default_runtime");
    } else {
      List<String> names = runtimes.entries().keySet().stream().sorted().toList();
      in.mistake(
          found,
          "not taken: no runtime for \""
              + name.value()
              + "\" is configured; there are "
              + (names.isEmpty() ? "none" : String.join(", ", names))
              + Nearest.of(name.value(), names)
                  .map(n -> "; did you mean \"" + n + "\"?")
                  .orElse(""));
    }
  }

  /** Runtimes of one node that make cgroups in different ways. */
  private static void drivers(Intake in, Node.Table runtimes) {
    Map<Boolean, String> first = new TreeMap<>();
    for (String name : runtimes.entries().keySet()) {
      if (runtimes.find(name, "options", "SystemdCgroup").orElse(null) instanceof Node.Flag flag) {
        first.putIfAbsent(flag.value(), name);
        if (first.size() == 2) {
          in.add(
              flag.at(),
              "SystemdCgroup",
              Outcome.MISTAKE,
              "the runtimes "
                  + String.join(" and ", first.values().stream().sorted().toList())
                  + " differ in SystemdCgroup, and the kubelet has one cgroupDriver for all: pods of"
                  + " one of them restart again and again");
          return;
        }
      }
    }
  }
}
