package dev.kapal.config.foreign;

import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Nearest;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Parsed;
import dev.kapal.config.text.YamlReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Reads crictl.yaml: a client's settings, of which nothing is taken, but much can be wrong. */
final class CrictlReader {
  private static final List<String> KEYS =
      List.of(
          "runtime-endpoint",
          "image-endpoint",
          "timeout",
          "debug",
          "pull-image-on-create",
          "disable-pull-on-run");
  private static final String FALLBACK =
      "crictl passes it over and tries the sockets of dockershim, containerd, CRI-O and cri-dockerd"
          + " in turn, which fails with \"connect: no such file or directory\" for one that is missing";

  private CrictlReader() {}

  static void read(Intake in, Path file, String text) {
    Parsed parsed = YamlReader.read(file.toString(), text);
    in.file(file, parsed);
    for (Map.Entry<String, Node> entry : parsed.root().entries().entrySet()) {
      key(in, new Found(KeyPath.of(entry.getKey()), entry.getValue()));
    }
    if (!parsed.refused() && parsed.root().get("runtime-endpoint").isEmpty()) {
      in.add(parsed.root().at(), "runtime-endpoint", Outcome.MISTAKE, "it is not set: " + FALLBACK);
    }
  }

  private static void key(Intake in, Found f) {
    String key = f.part(0);
    switch (key) {
      case "runtime-endpoint", "image-endpoint" -> endpoint(in, f);
      case "timeout" -> {
        if (f.node() instanceof Node.Whole) {
          in.notApplicable(f, "it is crictl's own");
        } else {
          in.mistake(f, "this is a number of seconds, without a unit");
        }
      }
      default -> {
        if (KEYS.contains(key)) {
          if (f.node() instanceof Node.Flag) {
            in.notApplicable(f, "it is crictl's own");
          } else {
            in.mistake(f, "this is true or false");
          }
        } else if (Nearest.of(key, KEYS).isPresent()) {
          in.mistake(
              f,
              "crictl knows no such key; did you mean \""
                  + Nearest.of(key, KEYS).orElse("")
                  + "\"? As it stands, "
                  + FALLBACK);
        } else {
          in.add(f.at(), f.key(), Outcome.UNKNOWN, "crictl knows no such key");
        }
      }
    }
  }

  private static void endpoint(Intake in, Found f) {
    String endpoint = f.text().orElse("");
    if (endpoint.isEmpty() && f.part(0).equals("image-endpoint")) {
      in.notApplicable(f, "it is empty: crictl takes the runtime-endpoint");
    } else if (endpoint.isEmpty()) {
      in.mistake(f, "it is empty: " + FALLBACK);
    } else if (endpoint.startsWith("/")) {
      in.mistake(
          f, "the scheme is missing (newer crictl warns, then refuses): write unix://" + endpoint);
    } else if (endpoint.contains("dockershim")) {
      in.mistake(f, "dockershim left Kubernetes with 1.24; nobody listens there");
    } else if (endpoint.matches("unix:/?[^/].*")) {
      in.mistake(
          f, "an endpoint is unix:// and an absolute path: unix:///run/containerd/containerd.sock");
    } else {
      in.notApplicable(f, "it is crictl's own; to use Kapal, name the socket of its CRI door");
    }
  }
}
