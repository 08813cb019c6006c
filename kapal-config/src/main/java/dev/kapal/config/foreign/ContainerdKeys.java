package dev.kapal.config.foreign;

import dev.kapal.config.text.Nearest;
import dev.kapal.config.text.Node;
import java.util.List;
import java.util.Set;

/** The keys of containerd's configuration, which stand elsewhere in each version. */
final class ContainerdKeys {
  private static final String STREAMING =
      "streaming servers are for the CRI door, which has its own";

  private final int version;
  private final KeyTable keys = new KeyTable("containerd");

  ContainerdKeys(int version) {
    this.version = version;
  }

  KeyTable table() {
    top();
    String runtime = "plugins/" + ContainerdReader.runtimePlugin(version) + "/";
    String images = "plugins/" + ContainerdReader.imagesPlugin(version) + "/";
    String cri = "plugins/" + ContainerdReader.cri(version) + "/";
    runtime(runtime);
    runtimes(runtime + "containerd/");
    images(images);
    streaming(cri);
    wrongPlugins();
    keys.none("a plugin of containerd that Kapal does not have", "plugins/*");
    return keys;
  }

  private void top() {
    keys.none("it says how the file is read", "version", "imports")
        .none(
            "Kapal's store is its own (daemon.data_dir, daemon.run_dir); two engines must not"
                + " share one",
            "root",
            "state",
            "temp")
        .none(
            "Kapal has no such plugins",
            "plugin_dir",
            "required_plugins",
            "proxy_plugins",
            "stream_processors",
            "timeouts")
        .none(
            "it is about containerd's own process",
            "oom_score",
            "grpc",
            "ttrpc",
            "metrics",
            "subreaper")
        .row("disabled_plugins", ContainerdKeys::disabled)
        .row(
            "debug/level",
            (in, f) -> {
              String level = f.text().orElse("");
              if (level.isEmpty()) {
                in.notApplicable(f, Found.UNSET);
              } else if (Set.of("fatal", "panic").contains(level)) {
                in.translate(f, new Node.Text(f.at(), "error"), "daemon", "log_level");
              } else {
                in.take(f, f.node(), "daemon", "log_level");
              }
            })
        .none(
            "it is about containerd's own process",
            "debug/address",
            "debug/uid",
            "debug/gid",
            "debug/format")
        .row(
            "cgroup/path",
            (in, f) ->
                in.notApplicable(f, "this is the cgroup of containerd itself, not of containers"));
  }

  private static void disabled(Intake in, Found f) {
    if (!(f.node() instanceof Node.Array array)) {
      in.mistake(f, "this is an array of plugins");
      return;
    }
    for (String plugin : array.texts()) {
      if (plugin.equals("cri")
          || plugin.startsWith("io.containerd.grpc.v1.cri")
          || plugin.startsWith("io.containerd.cri.v1")) {
        in.mistake(
            f,
            "the CRI is switched off here (Docker's package ships the file so): the kubelet and"
                + " crictl get \"unknown service runtime.v1.RuntimeService\". Remove \""
                + plugin
                + "\" if containerd is to serve Kubernetes; Kapal does not care");
        return;
      }
    }
    in.notApplicable(f, "Kapal has no such plugins");
  }

  private void runtime(String p) {
    keys.row(
            p + "systemd_cgroup",
            (in, f) -> {
              if (f.isTrue()) {
                in.mistake(
                    f,
                    "this worked with the shim io.containerd.runtime.v1.linux only, and containerd refuses"
                        + " or passes over it now: set SystemdCgroup = true in the options of each runtime");
              } else {
                in.notApplicable(f, "it is off: the default counts");
              }
            })
        .row(p + "cni/conf_dir", (in, f) -> unlessEmpty(in, f, "network", "cni_conf_dir"))
        .row(
            p + "cni/bin_dir",
            (in, f) -> {
              if (f.isEmpty()) {
                in.notApplicable(f, Found.UNSET);
              } else if (in.find("network", "cni_bin_dirs").isPresent()) {
                in.mistake(
                    f, "bin_dir and bin_dirs exclude each other, and containerd refuses both");
              } else {
                in.append(
                    f, Outcome.TRANSLATED, f.text().stream().toList(), "network", "cni_bin_dirs");
              }
            })
        .row(p + "cni/bin_dirs", (in, f) -> unlessEmpty(in, f, "network", "cni_bin_dirs"))
        .none(
            "Kapal reads the first configuration of network.cni_conf_dir",
            p + "cni/max_conf_num",
            p + "cni/setup_serially",
            p + "cni/conf_template",
            p + "cni/ip_pref",
            p + "cni/use_internal_loopback")
        .none(
            "Kapal decides it by the pod's security context and the host",
            p + "enable_selinux",
            p + "selinux_category_range",
            p + "disable_cgroup",
            p + "disable_apparmor",
            p + "restrict_oom_score_adj",
            p + "disable_proc_mount",
            p + "tolerate_missing_hugetlb_controller",
            p + "disable_hugetlb_controller",
            p + "device_ownership_from_security_context",
            p + "ignore_image_defined_volumes",
            p + "netns_mounts_under_state_dir",
            p + "enable_unprivileged_ports",
            p + "enable_unprivileged_icmp",
            p + "enable_cdi",
            p + "cdi_spec_dirs",
            p + "drain_exec_sync_io_timeout",
            p + "ignore_deprecation_warnings",
            p + "max_container_log_line_size",
            p + "stats_retention_period",
            p + "stats_collect_period")
        .row(
            p + "unset_seccomp_profile",
            (in, f) -> {
              String profile = f.text().orElse("");
              if (profile.isEmpty()) {
                in.notApplicable(f, Found.UNSET);
              } else if (profile.equals("unconfined") || profile.startsWith("/")) {
                in.translate(f, f.node(), "containers", "seccomp_profile");
              } else if (profile.equals("runtime/default") || profile.equals("docker/default")) {
                in.translate(f, new Node.Text(f.at(), "default"), "containers", "seccomp_profile");
              } else if (profile.startsWith("localhost/")) {
                in.translate(
                    f,
                    new Node.Text(f.at(), profile.substring(9).replaceFirst("^/*", "/")),
                    "containers",
                    "seccomp_profile");
              } else {
                in.mistake(
                    f,
                    "\""
                        + profile
                        + "\" is no profile: unconfined, runtime/default or localhost//PATH");
              }
            });
  }

  private static void unlessEmpty(Intake in, Found f, String... path) {
    if (f.isEmpty()) {
      in.notApplicable(f, Found.UNSET);
    } else {
      in.take(f, f.node(), path);
    }
  }

  private void runtimes(String p) {
    keys.row(p + "default_runtime_name", (_, _) -> {})
        .row(p + "snapshotter", ContainerdKeys::snapshotter)
        .row(p + "runtimes/*", (in, f) -> ContainerdRuntime.read(in, f, f.part(0)))
        .row(p + "default_runtime", (in, f) -> old(in, f, "default"))
        .row(p + "untrusted_workload_runtime", (in, f) -> old(in, f, "untrusted"))
        .none(
            "Kapal keeps what it needs of layers",
            p + "discard_unpacked_layers",
            p + "disable_snapshot_annotations")
        .none(
            "Kapal does not partition caches or block devices",
            p + "ignore_blockio_not_enabled_errors",
            p + "ignore_rdt_not_enabled_errors")
        .row(
            p + "no_pivot",
            (in, f) ->
                in.notApplicable(
                    f,
                    f.isTrue()
                        ? "containers without pivot_root can leave their root; Kapal has none"
                        : "it is off: the default counts"));
  }

  private static void snapshotter(Intake in, Found f) {
    in.notApplicable(
        f,
        f.isEmpty() || f.text().equals(java.util.Optional.of("overlayfs"))
            ? "overlayfs is what Kapal uses"
            : "Kapal's images lie on overlayfs; a runtime that needs another snapshotter says so in"
                + " runtimes.NAME.snapshotter");
  }

  private static void old(Intake in, Found f, String name) {
    if (f.isEmpty()) {
      in.notApplicable(f, Found.UNSET);
      return;
    }
    if (f.node() instanceof Node.Table table
        && table.entries().entrySet().stream()
            .allMatch(e -> f.child(e.getKey(), e.getValue()).isEmpty())) {
      in.notApplicable(f, Found.UNSET);
      return;
    }
    in.mistake(
        f,
        "containerd 2 no longer knows this table; write runtimes."
            + name
            + (name.equals("default") ? " and default_runtime_name = \"default\"" : ""));
    ContainerdRuntime.read(in, f, name);
    if (name.equals("default")
        && in.find("containers", "default_runtime").isEmpty()
        && in.runtimes().contains(name)) {
      in.translate(f, new Node.Text(f.at(), name), "containers", "default_runtime");
    }
  }

  private void images(String p) {
    if (version >= 3) {
      keys.row(p + "snapshotter", ContainerdKeys::snapshotter)
          .none(
              "Kapal keeps what it needs of layers",
              p + "discard_unpacked_layers",
              p + "disable_snapshot_annotations")
          .row(p + "pinned_images/sandbox", ContainerdKeys::pause)
          .none("images are pinned by kapal image pin", p + "pinned_images/*")
          .row(
              p + "runtime_platforms/*",
              (in, f) -> in.notApplicable(f, "say it in runtimes." + f.part(0) + ".snapshotter"));
    } else {
      keys.row(p + "sandbox_image", ContainerdKeys::pause)
          .none("Kapal decides it by itself", p + "disable_snapshot_annotations");
    }
    keys.row(
            p + "max_concurrent_downloads",
            (in, f) -> {
              if (f.node() instanceof Node.Whole whole && whole.value() > 64) {
                in.translate(
                    f, new Node.Whole(f.at(), 64), "registries", "max_concurrent_downloads");
              } else {
                unlessEmpty(in, f, "registries", "max_concurrent_downloads");
              }
            })
        .row(
            p + "image_pull_progress_timeout",
            (in, f) -> {
              if (f.isEmpty() || f.text().orElse("").matches("0s?")) {
                in.notApplicable(f, "0 is no limit in containerd; Kapal always has one");
              } else {
                in.take(f, f.node(), "registries", "pull_progress_timeout");
              }
            })
        .none(
            "Kapal decides it by itself",
            p + "image_pull_with_sync_fs",
            p + "stats_collect_period",
            p + "use_local_image_pull",
            p + "concurrent_layer_fetch_buffer",
            p + "max_concurrent_unpacks",
            p + "unpack_parallelism")
        .none("encrypted images are not read by Kapal", p + "image_decryption");
    ContainerdRegistry.rows(keys, p + "registry/");
  }

  private static void pause(Intake in, Found f) {
    String image = f.text().orElse("");
    if (image.startsWith("k8s.gcr.io/")
        || image.startsWith("gcr.io/google_containers/")
        || image.startsWith("gcr.io/google-containers/")) {
      in.mistake(
          f,
          "the registry of "
              + image
              + " is closed, so no pod sandbox starts where the image is not there yet; it is"
              + " registry.k8s.io/pause now. Kapal has its pause program built in");
    } else {
      in.notApplicable(
          f, "Kapal has its pause program built in: no registry has to be reached for it");
    }
  }

  private void streaming(String p) {
    keys.none(
        STREAMING,
        p + "disable_tcp_service",
        p + "stream_server_address",
        p + "stream_server_port",
        p + "enable_tls_streaming",
        p + "x509_key_pair_streaming");
    keys.row(
        p + "stream_idle_timeout",
        (in, f) -> {
          if (f.isEmpty()) {
            in.notApplicable(f, Found.UNSET);
          } else {
            in.take(f, f.node(), "cri", "stream_idle_timeout");
          }
        });
  }

  /** Tables that containerd passes over in this version of the file. */
  private void wrongPlugins() {
    List<String> right =
        version >= 3
            ? List.of("io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images")
            : List.of(ContainerdReader.cri(version));
    for (String plugin :
        List.of(
            "cri",
            "io.containerd.grpc.v1.cri",
            "io.containerd.cri.v1.runtime",
            "io.containerd.cri.v1.images")) {
      if (right.contains(plugin)) {
        continue;
      }
      Handler wrong =
          (in, f) ->
              in.mistake(
                  f,
                  "not taken: a file of version "
                      + version
                      + " has the CRI's settings in "
                      + String.join(
                          " and ", right.stream().map(r -> "plugins.\"" + r + "\"").toList())
                      + ", and containerd passes this table over"
                      + advice(plugin));
      if (version >= 3 && plugin.equals("io.containerd.grpc.v1.cri")) {
        for (String key :
            List.of(
                "containerd",
                "cni",
                "registry",
                "sandbox_image",
                "systemd_cgroup",
                "enable_selinux",
                "enable_cdi",
                "max_container_log_line_size",
                "restrict_oom_score_adj")) {
          keys.row("plugins/" + plugin + "/" + key, wrong);
        }
      } else {
        keys.row("plugins/" + plugin, wrong);
      }
    }
  }

  private static String advice(String plugin) {
    return switch (plugin) {
      case "io.containerd.grpc.v1.cri" ->
          " (this name is version 2's: write version = 2, or move it)";
      case "cri" -> " (this name is version 1's: move it)";
      default -> " (this name is version 3's: write version = 3, or move it)";
    };
  }

  /** The nearest key of a list. */
  static String nearest(String key, Set<String> known) {
    return Nearest.of(key, known).map(n -> "; did you mean \"" + n + "\"?").orElse("");
  }
}
