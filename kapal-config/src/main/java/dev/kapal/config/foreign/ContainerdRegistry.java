package dev.kapal.config.foreign;

import dev.kapal.config.text.Node;
import java.util.List;
import java.util.stream.Stream;

/** Reads the registry tables of containerd's CRI, those of 1.x included. */
final class ContainerdRegistry {

  private ContainerdRegistry() {}

  static void rows(KeyTable keys, String p) {
    keys.row(p + "config_path", ContainerdRegistry::configPath)
        .row(p + "mirrors/*/endpoint", ContainerdRegistry::mirror)
        .row(
            p + "mirrors/*/rewrite",
            (in, f) ->
                in.notApplicable(
                    f, "Kapal rewrites no names; this is an extension of k3s and RKE2"))
        .row(
            p + "configs/*/tls/insecure_skip_verify",
            (in, f) -> {
              if (f.isTrue()) {
                in.append(
                    f, Outcome.TRANSLATED, List.of(bare(f.part(2))), "registries", "insecure");
              } else {
                in.notApplicable(f, "it is off: the default counts");
              }
            })
        .row(p + "configs/*/tls/ca_file", ContainerdRegistry::certificate)
        .row(p + "configs/*/tls/cert_file", ContainerdRegistry::certificate)
        .row(p + "configs/*/tls/key_file", ContainerdRegistry::certificate)
        .row(p + "configs/*/auth", ContainerdRegistry::credentials)
        .row(p + "auths/*", ContainerdRegistry::credentials)
        .row(
            p + "headers/*",
            (in, f) -> in.notApplicable(f, "put it into the [host] table of a hosts.toml"));
  }

  private static void configPath(Intake in, Found f) {
    if (f.isEmpty()) {
      in.notApplicable(f, Found.UNSET);
      return;
    }
    List<String> dirs =
        Stream.concat(
                Stream.of("/etc/kapal/certs.d"),
                Stream.of(f.text().orElse("").split(":", -1)).filter(d -> !d.isEmpty()))
            .distinct()
            .toList();
    in.append(f, Outcome.TRANSLATED, dirs, "registries", "hosts_dirs");
  }

  private static void mirror(Intake in, Found f) {
    if (!(f.node() instanceof Node.Array array)) {
      in.mistake(f, "this is an array of URLs: [\"https://mirror.example\"]");
      return;
    }
    List<String> urls =
        array.texts().stream()
            .map(u -> u.matches("https?://.*") ? u : "https://" + u)
            .map(u -> u.replaceFirst("(?<=[^/:])/+$", ""))
            .toList();
    if (urls.isEmpty()) {
      in.notApplicable(f, Found.UNSET);
      return;
    }
    if (!array.texts().stream().allMatch(u -> u.matches("https?://.*"))) {
      in.add(
          f.at(), f.key(), Outcome.MISTAKE, "an endpoint is a URL such as https://mirror.example");
    }
    in.translate(f, Node.Array.of(f.at(), urls), "registries", "mirrors", f.part(1));
  }

  /** A host may be written as a URL in old files. */
  private static String bare(String host) {
    return host.replaceFirst("^https?://", "").replaceFirst("/.*$", "");
  }

  private static void certificate(Intake in, Found f) {
    in.notApplicable(
        f,
        f.isEmpty()
            ? Found.UNSET
            : "put the file into /etc/kapal/certs.d/"
                + bare(f.part(2))
                + "/ (ca.crt, client.cert, client.key), or name it in a hosts.toml there");
  }

  /** Never shows what is in it. */
  private static void credentials(Intake in, Found f) {
    in.notApplicable(
        f,
        f.isEmpty() ? Found.UNSET : "passwords are not kept in the configuration: use kapal login");
  }
}
