package dev.kapal.config.foreign;

import dev.kapal.config.text.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The keys of CRI-O's configuration. */
final class CrioKeys {

  private CrioKeys() {}

  static KeyTable table() {
    KeyTable keys = new KeyTable("CRI-O");
    crio(keys);
    runtime(keys);
    image(keys);
    network(keys);
    return keys;
  }

  private static void crio(KeyTable keys) {
    keys.none(
            "Kapal's store is its own; two engines must not share one",
            "crio/root",
            "crio/runroot",
            "crio/imagestore",
            "crio/storage_driver",
            "crio/storage_option")
        .none(
            "it is about CRI-O's own process",
            "crio/version_file",
            "crio/version_file_persist",
            "crio/clean_shutdown_file",
            "crio/internal_wipe",
            "crio/internal_repair",
            "crio/log_dir",
            "crio/api",
            "crio/metrics",
            "crio/tracing",
            "crio/stats",
            "crio/nri")
        // Old files have these without tables around them.
        .none("it is about CRI-O's own process", "crio/file_locking", "crio/file_locking_path");
  }

  private static void runtime(KeyTable keys) {
    String p = "crio/runtime/";
    keys.row(p + "default_runtime", (_, _) -> {})
        .row(p + "runtimes/*", CrioRuntime::read)
        .row(p + "runtime", (in, f) -> oldRuntime(in, f, "runc"))
        .row(p + "runtime_untrusted_workload", (in, f) -> oldRuntime(in, f, "untrusted"))
        .row(
            p + "cgroup_manager",
            (in, f) -> {
              String manager = f.text().orElse("");
              if (List.of("systemd", "cgroupfs").contains(manager)) {
                CgroupDrivers.set(in, f, manager);
              } else {
                in.mistake(
                    f, "CRI-O knows systemd and cgroupfs only, and does not start otherwise");
              }
            })
        .row(p + "default_ulimits", CrioKeys::ulimits)
        .row(p + "default_capabilities", CrioKeys::capabilities)
        .row(p + "seccomp_profile", (in, f) -> unlessEmpty(in, f, "containers", "seccomp_profile"))
        .row(
            p + "log_level",
            (in, f) -> {
              String level = f.text().orElse("").toLowerCase(Locale.ROOT);
              switch (level) {
                case "" -> in.notApplicable(f, Found.UNSET);
                case "fatal", "panic" ->
                    in.translate(f, new Node.Text(f.at(), "error"), "daemon", "log_level");
                case "warning" ->
                    in.translate(f, new Node.Text(f.at(), "warn"), "daemon", "log_level");
                default -> in.take(f, new Node.Text(f.at(), level), "daemon", "log_level");
              }
            })
        .row(
            p + "log_size_max",
            (in, f) -> {
              if (f.node() instanceof Node.Whole whole && whole.value() > 0) {
                in.translate(f, f.node(), "containers", "log_max_size");
              } else if (!(f.node() instanceof Node.Whole)) {
                in.mistake(f, "this is a number of bytes, without a unit or quotes");
              } else {
                in.notApplicable(f, "-1 is no limit, which is the default");
              }
            })
        .row(p + "ctr_stop_timeout", (in, f) -> unlessEmpty(in, f, "containers", "stop_timeout"))
        .row(p + "uid_mappings", (in, f) -> mappings(in, f, "userns_uids"))
        .row(p + "gid_mappings", (in, f) -> mappings(in, f, "userns_gids"))
        .none(
            "CRI-O's monitor is conmon; Kapal has its own",
            p + "conmon",
            p + "conmon_cgroup",
            p + "conmon_env",
            p + "container_exits_dir",
            p + "container_attach_socket_dir",
            p + "log_to_journald",
            p + "log_filter")
        .none(
            "Kapal decides it by the pod's security context and the host",
            p + "selinux",
            p + "apparmor_profile",
            p + "privileged_seccomp_profile",
            p + "seccomp_use_default_when_empty",
            p + "add_inheritable_capabilities",
            p + "default_sysctls",
            p + "default_env",
            p + "allowed_devices",
            p + "additional_devices",
            p + "cdi_spec_dirs",
            p + "device_ownership_from_security_context",
            p + "hostnetwork_disable_selinux",
            p + "minimum_mappable_uid",
            p + "minimum_mappable_gid",
            p + "timezone")
        .row(
            p + "no_pivot",
            (in, f) ->
                in.notApplicable(
                    f,
                    f.isTrue()
                        ? "containers without pivot_root can leave their root; Kapal has none"
                        : "it is off: the default counts"))
        .row(
            p + "pids_limit",
            (in, f) ->
                in.notApplicable(
                    f,
                    "the kubelet sets it (podPidsLimit); CRI-O itself says that this is going away"))
        .none(
            "Kapal has no such setting",
            p + "decryption_keys_path",
            p + "blockio_config_file",
            p + "blockio_reload",
            p + "irqbalance_config_file",
            p + "irqbalance_config_restore_file",
            p + "rdt_config_file",
            p + "hooks_dir",
            p + "default_mounts_file",
            p + "default_mounts",
            p + "bind_mount_prefix",
            p + "read_only",
            p + "drop_infra_ctr",
            p + "infra_ctr_cpuset",
            p + "shared_cpuset",
            p + "namespaces_dir",
            p + "pinns_path",
            p + "enable_criu_support",
            p + "enable_pod_events",
            p + "absent_mount_sources_to_reject",
            p + "disable_hostport_mapping",
            p + "workloads",
            p + "manage_network_ns_lifecycle",
            p + "manage_ns_lifecycle",
            p + "default_workload_trust",
            p + "ctr_stop_signal",
            p + "separate_pull_cgroup",
            p + "exec_cpu_affinity",
            p + "default_annotations");
  }

  private static void image(KeyTable keys) {
    String p = "crio/image/";
    keys.row(p + "insecure_registries", (in, f) -> unlessEmpty(in, f, "registries", "insecure"))
        .row(
            p + "registries",
            (in, f) -> {
              if (f.isEmpty()) {
                in.notApplicable(f, Found.UNSET);
              } else {
                in.mistake(
                    f,
                    "CRI-O reads unqualified-search-registries of /etc/containers/registries.conf now and"
                        + " no longer this; Kapal completes short names with docker.io");
              }
            })
        .row(
            p + "pull_progress_timeout",
            (in, f) -> {
              if (f.isEmpty() || f.text().orElse("").matches("0s?")) {
                in.notApplicable(f, "0 is no limit in CRI-O; Kapal always has one");
              } else {
                in.take(f, f.node(), "registries", "pull_progress_timeout");
              }
            })
        .row(
            p + "pause_image",
            (in, f) -> {
              String image = f.text().orElse("");
              if (image.startsWith("k8s.gcr.io/")
                  || image.startsWith("gcr.io/google_containers/")) {
                in.mistake(
                    f,
                    "the registry of "
                        + image
                        + " is closed, so no pod sandbox starts where the image is not there yet; it is"
                        + " registry.k8s.io/pause now. Kapal has its pause program built in");
              } else {
                in.notApplicable(
                    f,
                    "Kapal has its pause program built in: no registry has to be reached for it");
              }
            })
        .none(
            "Kapal has its pause program built in",
            p + "pause_image_auth_file",
            p + "pause_command")
        .none(
            "Kapal has no such setting",
            p + "default_transport",
            p + "global_auth_file",
            p + "namespaced_auth_dir",
            p + "pinned_images",
            p + "signature_policy",
            p + "signature_policy_dir",
            p + "image_volumes",
            p + "big_files_temporary_dir",
            p + "separate_pull_cgroup",
            p + "auto_reload_registries",
            p + "oci_artifact_mount_support",
            p + "short_name_mode",
            p + "image_import_policy");
  }

  private static void network(KeyTable keys) {
    String p = "crio/network/";
    keys.row(
            p + "network_dir",
            (in, f) -> {
              if (f.text().isPresent() && !f.isEmpty()) {
                String dir = f.text().get();
                in.translate(
                    f,
                    new Node.Text(f.at(), dir.length() > 1 ? dir.replaceFirst("/+$", "") : dir),
                    "network",
                    "cni_conf_dir");
              } else {
                in.notApplicable(f, Found.UNSET);
              }
            })
        .row(p + "plugin_dirs", (in, f) -> unlessEmpty(in, f, "network", "cni_bin_dirs"))
        .row(
            p + "plugin_dir",
            (in, f) -> {
              if (f.isEmpty()) {
                in.notApplicable(f, Found.UNSET);
              } else {
                in.mistake(f, "this key is called plugin_dirs now, and is an array");
                in.append(
                    f, Outcome.TRANSLATED, f.text().stream().toList(), "network", "cni_bin_dirs");
              }
            })
        .none(
            "Kapal reads the first configuration of network.cni_conf_dir",
            p + "cni_default_network");
  }

  private static void unlessEmpty(Intake in, Found f, String... path) {
    if (f.isEmpty()) {
      in.notApplicable(f, Found.UNSET);
    } else {
      in.take(f, f.node(), path);
    }
  }

  private static void oldRuntime(Intake in, Found f, String name) {
    if (f.isEmpty()) {
      in.notApplicable(f, Found.UNSET);
      return;
    }
    in.mistake(
        f, "CRI-O no longer reads this key; write a table [crio.runtime.runtimes." + name + "]");
    new RuntimeTable(in, name).program(f, f.text().orElse(""));
  }

  private static void ulimits(Intake in, Found f) {
    if (!(f.node() instanceof Node.Array array)) {
      in.mistake(f, "this is an array: [\"nofile=1024:2048\"]");
      return;
    }
    if (array.items().isEmpty()) {
      in.notApplicable(f, Found.UNSET);
    }
    for (String limit : array.texts()) {
      int equals = limit.indexOf('=');
      if (equals < 1) {
        in.mistake(f, "\"" + limit + "\" is no NAME=SOFT:HARD");
      } else {
        in.translate(
            f,
            new Node.Text(f.at(), limit.substring(equals + 1)),
            "containers",
            "ulimits",
            limit.substring(0, equals));
      }
    }
  }

  private static void capabilities(Intake in, Found f) {
    if (!(f.node() instanceof Node.Array array)) {
      in.mistake(f, "this is an array: [\"CHOWN\"]");
      return;
    }
    List<String> all = new ArrayList<>();
    for (String capability : array.texts()) {
      String upper = capability.toUpperCase(Locale.ROOT);
      all.add(upper.startsWith("CAP_") ? upper : "CAP_" + upper);
    }
    if (all.isEmpty()) {
      in.notApplicable(f, Found.UNSET);
    } else {
      in.translate(
          f,
          Node.Array.of(f.at(), all.stream().distinct().sorted().toList()),
          "containers",
          "capabilities");
    }
  }

  private static void mappings(Intake in, Found f, String key) {
    if (f.isEmpty()) {
      in.notApplicable(f, Found.UNSET);
      return;
    }
    in.translate(
        f, Node.Array.of(f.at(), List.of(f.text().orElse("").split(",", -1))), "containers", key);
  }
}
