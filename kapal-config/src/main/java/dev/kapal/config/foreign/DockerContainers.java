package dev.kapal.config.foreign;

import dev.kapal.config.text.Node;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What Docker's daemon.json says about every container. */
final class DockerContainers {
  private DockerContainers() {}

  static void ulimit(Intake in, Found f) {
    if (!(f.node() instanceof Node.Table table)) {
      in.mistake(f, "a limit is {\"Name\": …, \"Soft\": …, \"Hard\": …}");
      return;
    }
    Map<String, Node> lower = new LinkedHashMap<>();
    table.entries().forEach((key, node) -> lower.put(key.toLowerCase(Locale.ROOT), node));
    if (!(lower.get("hard") instanceof Node.Whole hard)
        || !(lower.getOrDefault("soft", hard) instanceof Node.Whole soft)) {
      in.mistake(f, "Hard (and Soft) must be numbers");
      return;
    }
    String name = lower.get("name") instanceof Node.Text text ? text.value() : f.part(0);
    if (!name.equals(f.part(0))) {
      in.mistake(
          f, "the limit is called \"" + f.part(0) + "\" outside and \"" + name + "\" inside");
    }
    in.translate(
        f,
        new Node.Text(f.at(), bound(soft.value()) + ":" + bound(hard.value())),
        "containers",
        "ulimits",
        f.part(0));
  }

  private static String bound(long value) {
    return value == -1 ? "unlimited" : Long.toString(value);
  }

  static void seccomp(Intake in, Found f) {
    String profile = f.text().orElse("");
    switch (profile) {
      case "" -> in.notApplicable(f, Found.UNSET);
      case "builtin" ->
          in.translate(f, new Node.Text(f.at(), "default"), "containers", "seccomp_profile");
      default -> in.take(f, f.node(), "containers", "seccomp_profile");
    }
  }

  static void userns(Intake in, Found f) {
    in.notApplicable(
        f,
        f.isEmpty()
            ? Found.UNSET
            : "Kapal maps ids per container; put the ranges of /etc/subuid and /etc/subgid into"
                + " containers.userns_uids and containers.userns_gids and use --userns private");
  }
}
