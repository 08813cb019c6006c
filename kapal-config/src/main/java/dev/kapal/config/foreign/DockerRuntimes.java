package dev.kapal.config.foreign;

import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.text.Nearest;
import dev.kapal.config.text.Node;
import java.util.ArrayList;
import java.util.List;

/** The runtimes of Docker's daemon.json. */
final class DockerRuntimes {
  private DockerRuntimes() {}

  static void runtime(Intake in, Found f) {
    String name = f.part(0);
    if (!(f.node() instanceof Node.Table table)) {
      in.mistake(f, "a runtime is an object: {\"path\": …} or {\"runtimeType\": …}");
      return;
    }
    RuntimeTable runtime = new RuntimeTable(in, name);
    if (name.equals("runc")) {
      in.mistake(f, "not taken: dockerd reserves the name \"runc\" and refuses to start over this");
      return;
    }
    if (!runtime.nameFits(f)) {
      return;
    }
    boolean hasPath = table.get("path").isPresent();
    boolean hasType = table.get("runtimeType").isPresent();
    boolean hasArgs =
        table.get("runtimeArgs").filter(n -> !new Found(f.path(), n).isEmpty()).isPresent();
    boolean hasOptions = table.get("options").isPresent();
    String clash = clash(hasPath, hasType, hasArgs, hasOptions);
    if (!clash.isEmpty()) {
      in.mistake(f, "not taken: " + clash);
      return;
    }
    String type = table.get("runtimeType").flatMap(n -> new Found(f.path(), n).text()).orElse("");
    boolean shim =
        table
            .get("path")
            .flatMap(n -> new Found(f.path(), n).text())
            .filter(RuntimeTable::isShim)
            .isPresent();
    table
        .entries()
        .forEach((key, node) -> {
          Found found = f.child(key, node);
          switch (key) {
            case "path" ->
                found
                    .text()
                    .filter(p -> !p.isEmpty())
                    .ifPresentOrElse(
                        path -> runtime.program(found, path),
                        () -> in.mistake(found, "this is the path of a program, as a string"));
            case "runtimeArgs" -> {
              if (found.isEmpty()) {
                in.notApplicable(found, Found.UNSET);
              } else if (shim) {
                in.notApplicable(
                    found,
                    "a shim takes no arguments; its options are a table: ConfigPath, for one");
              } else {
                runtime.set(found, Outcome.TRANSLATED, "args", node);
              }
            }
            case "runtimeType" ->
                found
                    .text()
                    .ifPresentOrElse(
                        t -> runtime.type(found, t),
                        () -> in.mistake(found, "this is the type of a shim, as a string"));
            case "options" -> {
              if (RuntimeTable.isRunc(type)) {
                runtime.runcOptions(found);
              } else {
                runtime.shimOptions(found);
              }
            }
            default ->
                in.add(
                    found.at(),
                    found.key(),
                    Outcome.UNKNOWN,
                    "Docker knows no such key of a runtime"
                        + Nearest.of(key, List.of("path", "runtimeArgs", "runtimeType", "options"))
                            .map(n -> "; did you mean \"" + n + "\"?")
                            .orElse(""));
          }
        });
    runtime.finish(f, type);
    if (!hasPath && !hasType) {
      in.mistake(
          f, "a runtime needs \"path\" or \"runtimeType\"; dockerd refuses to start over this");
    }
  }

  private static String clash(boolean path, boolean type, boolean args, boolean options) {
    if (path && type) {
      return "path and runtimeType exclude each other: a program like runc has a path, a shim a type";
    }
    if (path && options) {
      return "options go with runtimeType only; a program with a path takes runtimeArgs";
    }
    if (type && args) {
      return "runtimeArgs go with path only; a shim takes options";
    }
    return "";
  }

  static void defaultRuntime(Intake in, Found f, Node.Table root) {
    String name = f.text().orElse("");
    List<String> known = new ArrayList<>(List.of("runc", "io.containerd.runc.v2"));
    if (root.get("runtimes").orElse(null) instanceof Node.Table table) {
      known.addAll(table.entries().keySet());
    }
    if (name.isEmpty()) {
      in.notApplicable(f, Found.UNSET);
    } else if (name.equals("runc")
        || in.runtimes().contains(name)
        || RuntimeNames.shimProgram(name).isPresent()) {
      in.take(f, f.node(), "containers", "default_runtime");
    } else if (known.contains(name)) {
      in.mistake(f, "not taken: the runtime \"" + name + "\" was not taken, see there");
    } else {
      in.mistake(
          f,
          "not taken: no runtime \""
              + name
              + "\" is registered; there are "
              + String.join(", ", known.stream().distinct().sorted().toList())
              + Nearest.of(name, known).map(n -> "; did you mean \"" + n + "\"?").orElse(""));
    }
  }
}
