package dev.kapal.config.foreign;

import dev.kapal.config.text.Node;
import java.util.ArrayList;
import java.util.List;

/** The registries of Docker's daemon.json. */
final class DockerRegistries {
  private DockerRegistries() {}

  static void mirrors(Intake in, Found f) {
    if (!(f.node() instanceof Node.Array array)) {
      in.mistake(f, "this is an array of URLs: [\"https://mirror.example\"]");
      return;
    }
    List<String> urls = new ArrayList<>();
    for (String url : array.texts()) {
      if (!url.matches("https?://.*")) {
        in.mistake(
            f,
            "\""
                + url
                + "\" has no scheme, and dockerd refuses to start over it: write"
                + " https://"
                + url);
      } else if (url.replaceFirst("https?://", "").matches("[^/]*/.+")) {
        in.mistake(f, "\"" + url + "\" has a path, and dockerd refuses to start over it");
      } else {
        urls.add(url.replaceFirst("/+$", ""));
      }
    }
    if (!urls.isEmpty()) {
      in.append(f, Outcome.TRANSLATED, urls, "registries", "mirrors", "docker.io");
    } else if (array.items().isEmpty()) {
      in.notApplicable(f, Found.UNSET);
    }
  }

  static void insecure(Intake in, Found f) {
    if (!(f.node() instanceof Node.Array array)) {
      in.mistake(f, "this is an array of registries: [\"registry.example:5000\"]");
      return;
    }
    List<String> hosts = new ArrayList<>();
    for (String host : array.texts()) {
      String bare = host.replaceFirst("^https?://", "").replaceFirst("/+$", "");
      if (!bare.equals(host)) {
        in.mistake(
            f,
            "\""
                + host
                + "\" is a URL, and a registry's name was asked for: write \""
                + bare
                + "\"");
      }
      hosts.add(bare);
    }
    if (hosts.isEmpty()) {
      in.notApplicable(f, Found.UNSET);
    } else {
      in.append(f, Outcome.TAKEN, hosts, "registries", "insecure");
    }
  }
}
