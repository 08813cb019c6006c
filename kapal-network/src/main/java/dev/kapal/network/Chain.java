package dev.kapal.network;

import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Runs all plugins of a network for one interface of one container.
 *
 * @see <a href="https://www.cni.dev/docs/spec/#section-3-execution-of-network-configurations">CNI
 *     specification, section 3</a>
 */
final class Chain {
  private final Plugins plugins;

  Chain(Plugins plugins) {
    this.plugins = plugins;
  }

  /** ADD through all plugins. On failure nothing is undone here. */
  ObjectNode add(Join join, Plugins.Target target) {
    Optional<ObjectNode> previous = Optional.empty();
    for (ObjectNode plugin : join.list().plugins()) {
      ObjectNode input = input(join, plugin, previous);
      JsonNode result = plugins.add(target, NetworkList.typeOf(plugin), input);
      previous = Optional.of(inVersion(result, join.list().version()));
    }
    return previous.orElseThrow();
  }

  /** ADD of the plugins that publish ports, for a join that had its other ADDs before. */
  void publish(Join join, Plugins.Target target) {
    for (ObjectNode plugin : join.list().plugins()) {
      if (Joins.publishes(plugin)) {
        plugins.add(target, NetworkList.typeOf(plugin), input(join, plugin, join.result()));
      }
    }
  }

  /** DEL through all plugins from the last to the first; all are run, the first failure told. */
  void del(Join join, Plugins.Target target) {
    Optional<NetworkException> failed = Optional.empty();
    // Before 0.4.0 a DEL has no previous result.
    Optional<ObjectNode> previous =
        join.result().filter(r -> Versions.atLeast(join.list().version(), "0.4.0"));
    for (ObjectNode plugin : join.list().plugins().reversed()) {
      try {
        plugins.run("DEL", target, NetworkList.typeOf(plugin), input(join, plugin, previous));
      } catch (NetworkException e) {
        failed.ifPresentOrElse(first -> first.addSuppressed(e), () -> {});
        failed = failed.or(() -> Optional.of(e));
      }
    }
    if (failed.isPresent()) {
      throw failed.get();
    }
  }

  void check(Join join, Plugins.Target target) {
    if (join.list().disableCheck() || !Versions.atLeast(join.list().version(), "0.4.0")) {
      return;
    }
    for (ObjectNode plugin : join.list().plugins()) {
      plugins.run("CHECK", target, NetworkList.typeOf(plugin), input(join, plugin, join.result()));
    }
  }

  /** GC and STATUS: verbs of a network, not of a container. */
  void forNetwork(String verb, NetworkList list, ObjectNode extra) {
    for (ObjectNode plugin : list.plugins()) {
      ObjectNode input = plugin.deepCopy();
      input.put("name", list.name());
      input.put("cniVersion", list.version());
      input.setAll(extra);
      Plugins.Target target = new Plugins.Target(list.name(), "", "", "", "");
      plugins.run(verb, target, NetworkList.typeOf(plugin), input);
    }
  }

  /** A plugin's configuration as it is executed: the list's name and version, what the run adds. */
  private static ObjectNode input(Join join, ObjectNode plugin, Optional<ObjectNode> previous) {
    ObjectNode input = plugin.deepCopy();
    input.put("name", join.list().name());
    input.put("cniVersion", join.list().version());
    ObjectNode runtime = Json.object();
    plugin
        .path("capabilities")
        .properties()
        .forEach(capability -> {
          JsonNode value = join.runtime().path(capability.getKey());
          if (capability.getValue().asBoolean(false) && !value.isMissingNode()) {
            runtime.set(capability.getKey(), value);
          }
        });
    input.remove(List.of("capabilities", "prevResult", "runtimeConfig"));
    if (!runtime.isEmpty()) {
      input.set("runtimeConfig", runtime);
    }
    previous.ifPresent(p -> input.set("prevResult", p));
    return input;
  }

  /** Plugins may answer in an older version than asked; the next one expects the list's. */
  private static ObjectNode inVersion(JsonNode result, String version) {
    String has = Json.string(result, "cniVersion").orElse(version);
    if (has.equals(version) && result instanceof ObjectNode same) {
      return same.put("cniVersion", version);
    }
    return CniResult.parse(result).toJson(version);
  }
}
