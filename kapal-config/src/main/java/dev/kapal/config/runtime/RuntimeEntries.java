package dev.kapal.config.runtime;

import dev.kapal.config.runtime.RuntimeEntry.Kind;
import dev.kapal.config.schema.Settings;
import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Position;
import dev.kapal.config.text.Problem;
import dev.kapal.runtime.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads the {@code runtimes} tables. */
public final class RuntimeEntries {
  private final Settings settings;
  private final List<Problem> problems = new ArrayList<>();

  private RuntimeEntries(Settings settings) {
    this.settings = settings;
  }

  /**
   * The tables.
   *
   * @param entries by name
   * @param problems tables that contradict themselves
   */
  public record Result(SortedMap<String, RuntimeEntry> entries, List<Problem> problems) {
    public Result {
      problems = List.copyOf(problems);
    }
  }

  /** Reads all of them. */
  public static Result read(Settings settings) {
    RuntimeEntries reader = new RuntimeEntries(settings);
    SortedMap<String, RuntimeEntry> entries = new TreeMap<>();
    for (String name : settings.names("runtimes")) {
      entries.put(name, reader.entry(name));
    }
    return new Result(entries, reader.problems);
  }

  private RuntimeEntry entry(String name) {
    Map<String, Node> set = settings.entries("runtimes", name);
    Position at =
        set.values().stream().map(Node::at).min(Position::compareTo).orElse(Position.DEFAULT);
    Optional<String> type = text(name, "type");
    Optional<String> path = text(name, "path");
    Kind kind =
        text(name, "kind")
            .map(k -> Kind.valueOf(k.toUpperCase(Locale.ROOT)))
            .orElse(type.isPresent() ? Kind.SHIM : Kind.OCI);
    fits(name, kind, set);
    Node.Table options =
        set.get("options") instanceof Node.Table table ? table : Node.Table.empty(at);
    return new RuntimeEntry(
        name,
        kind,
        path,
        settings.texts("runtimes", name, "args"),
        text(name, "root"),
        type,
        options,
        text(name, "tier")
            .map(t -> Tier.valueOf(t.toUpperCase(Locale.ROOT)))
            .orElseGet(() ->
                kind == Kind.NATIVE ? Tier.NATIVE : Tiers.of(type.or(() -> path).orElse(name))),
        settings.texts("runtimes", name, "pod_annotations"),
        settings.texts("runtimes", name, "container_annotations"),
        text(name, "snapshotter"),
        settings.flag("runtimes", name, "systemd_cgroup").orElse(false),
        settings.flag("runtimes", name, "sandboxer").orElse(false),
        settings.duration("runtimes", name, "create_timeout").orElse(RuntimeEntry.CREATE_TIMEOUT),
        settings.flag("runtimes", name, "privileged_without_host_devices").orElse(false),
        at);
  }

  private Optional<String> text(String name, String key) {
    return settings.text("runtimes", name, key);
  }

  private void fits(String name, Kind kind, Map<String, Node> set) {
    if (name.equals(RuntimeNames.BUILT_IN)) {
      set.forEach((key, node) ->
          wrong(
              name,
              key,
              node,
              "is a setting of \"native\", Kapal's own runtime, whose name is reserved; choose another"
                  + " name, with kind = \"native\""));
      return;
    }
    switch (kind) {
      case NATIVE -> {
        only(name, set, "path", "the built-in runtime is no program: remove it");
        only(name, set, "args", "the built-in runtime has no command line: remove it");
        only(name, set, "type", "the built-in runtime is no shim: remove it");
        only(name, set, "options", "the built-in runtime is no shim: remove it");
        only(name, set, "sandboxer", "the built-in runtime is no shim: remove it");
      }
      case OCI -> {
        only(
            name,
            set,
            "type",
            "a shim's type does not go with kind = \"oci\": use kind = \"shim\"");
        only(name, set, "sandboxer", "only a shim makes sandboxes itself: use kind = \"shim\"");
        Node path = set.get("path");
        if (path instanceof Node.Text text && KataPaths.isRuntime(text.value())) {
          wrong(name, "path", path, KataPaths.EXPLANATION);
        }
        if (path instanceof Node.Text text && text.value().contains("containerd-shim-")) {
          wrong(
              name, "path", path, "is a shim, which has no runc command line: use kind = \"shim\"");
        }
      }
      case SHIM -> {
        only(name, set, "args", "a shim takes no arguments: use options, or kind = \"oci\"");
        if (!set.containsKey("type") && !set.containsKey("path")) {
          Node kindNode = set.getOrDefault("kind", Node.Table.empty(Position.DEFAULT));
          wrong(
              name,
              "kind",
              kindNode,
              "a shim needs a type, such as type = \"io.containerd.kata.v2\", or a path");
        }
        if (set.get("options") instanceof Node.Table options) {
          ShimOptionKeys.problems(
                  text(name, "type")
                      .flatMap(RuntimeNames::shimProgram)
                      .or(() -> text(name, "path")),
                  options)
              .forEach((key, message) ->
                  problems.add(
                      Problem.error(
                          options.get(key).orElse(options).at(),
                          KeyPath.of("runtimes", name, "options", key).toString(),
                          message)));
        }
      }
    }
  }

  private void only(String name, Map<String, Node> set, String key, String message) {
    Node node = set.get(key);
    if (node != null) {
      wrong(name, key, node, message);
    }
  }

  private void wrong(String name, String key, Node node, String message) {
    problems.add(Problem.error(node.at(), KeyPath.of("runtimes", name, key).toString(), message));
  }
}
