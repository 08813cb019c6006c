package dev.kapal.config.check;

import dev.kapal.config.CgroupSetup;
import dev.kapal.config.KapalConfig;
import dev.kapal.linux.CgroupLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A kubelet and Kapal beside each other: whether each finds the other as it expects. */
final class NodeChecks {
  private NodeChecks() {}

  /** Every socket that Kapal serves the kubelet on; the first one is the usual. */
  static List<Path> sockets(KapalConfig.Cri cri) {
    List<Path> all = new ArrayList<>(List.of(cri.socket()));
    all.addAll(cri.extraSockets());
    return all;
  }

  /** Whether the kubelet of this node was told to use Kapal. */
  static boolean uses(Host host, Path kubelet, KapalConfig.Cri cri) {
    return KubeletConfig.read(host, kubelet)
        .filter(k -> sockets(cri).stream().anyMatch(k::uses))
        .isPresent();
  }

  /** The socket for the kubelet: whether somebody answers there. */
  static Check socket(KapalConfig.Cri cri) {
    return host -> {
      if (!cri.enabled()) {
        return List.of(
            Group.KUBERNETES.failure(
                "kubernetes.socket",
                "cri.enabled is false: there is no socket for a kubelet",
                "remove it from the configuration and restart the daemon"));
      }
      List<Finding> all = new ArrayList<>();
      for (Path socket : sockets(cri)) {
        Optional<String> why = host.connect(socket, Duration.ofSeconds(5));
        all.add(
            why.map(reason ->
                    Group.KUBERNETES.failure(
                        "kubernetes.socket",
                        "nobody answers at " + socket + ": " + Facts.sentence(reason),
                        "start the daemon, and look at its log for cri"))
                .orElseGet(() ->
                    Group.KUBERNETES.ok("kubernetes.socket", "the daemon answers at " + socket))
                .of(socket.toString()));
      }
      return all;
    };
  }

  /** Where the kubelet looks for its runtime. */
  static Check endpoint(Path kubelet, KapalConfig.Cri cri) {
    return host ->
        KubeletConfig.read(host, kubelet).stream()
            .map(config ->
                uses(host, kubelet, cri)
                    ? Group.KUBERNETES.ok(
                        "kubernetes.endpoint",
                        config.program() + " uses Kapal: " + config.endpoint().orElse(""))
                    : Group.KUBERNETES.warning(
                        "kubernetes.endpoint",
                        config
                            .endpoint()
                            .map(e ->
                                "the "
                                    + config.endpointKey()
                                    + " of "
                                    + config.program()
                                    + " is "
                                    + e
                                    + ", which is not Kapal")
                            .orElse(kubelet + " names no " + config.endpointKey()),
                        "write "
                            + config.endpointKey()
                            + ": unix://"
                            + cri.socket()
                            + " into it (a flag in kubeadm-flags.env wins over it) and restart "
                            + config.program()))
            .toList();
  }

  /** The kubelet's cgroup driver against Kapal's, where the kubelet uses Kapal. */
  static Check driver(Path kubelet, CgroupSetup cgroups) {
    return host -> {
      KubeletConfig config = KubeletConfig.read(host, kubelet).orElse(KubeletConfig.STANDARD);
      String theirs = config.cgroupDriver();
      String ours = cgroups.driver().word();
      if (cgroups.problem().isPresent()) {
        return List.of(
            Group.KUBERNETES.failure(
                "kubernetes.cgroup-driver",
                Facts.sentence(cgroups.problem().get().toString()),
                "Kapal's daemon does not start with it: change it in Kapal's configuration"));
      }
      String said = "the cgroupDriver of " + config.program() + " is ";
      return List.of(
          theirs.equals(ours)
              ? Group.KUBERNETES.ok("kubernetes.cgroup-driver", said + ours + ", as Kapal's")
              : Group.KUBERNETES.failure(
                  "kubernetes.cgroup-driver",
                  said
                      + theirs
                      + " ("
                      + kubelet
                      + ") and Kapal's is "
                      + ours
                      + ": a kubelet that does not ask its runtime for it restarts pods again and"
                      + " again",
                  "set "
                      + config.table()
                      + "cgroupDriver: "
                      + ours
                      + " in "
                      + kubelet
                      + " and restart "
                      + config.program()
                      + (theirs.equals("cgroupfs") || CgroupChecks.systemd(host)
                          ? ", or set daemon.cgroup_driver to "
                              + theirs
                              + " in Kapal's configuration and restart its daemon"
                          : "")));
    };
  }

  /** Control groups of version 1, which newer kubelets refuse. */
  static Check cgroups(Path kubelet) {
    return host -> {
      CgroupLayout.Mode mode = host.cgroups().mode();
      if (mode == CgroupLayout.Mode.V2) {
        return List.of(Group.KUBERNETES.ok("kubernetes.cgroup-version", "version 2"));
      }
      Optional<Boolean> fail =
          KubeletConfig.read(host, kubelet).flatMap(KubeletConfig::failCgroupV1);
      String remedy =
          "start with systemd.unified_cgroup_hierarchy=1 on the kernel's command line, or set"
              + " failCgroupV1: false";
      return List.of(
          fail.isEmpty()
              ? Group.KUBERNETES.warning(
                  "kubernetes.cgroup-version",
                  "not version 2 alone, and kubelets from 1.35 on refuse that unless failCgroupV1"
                      + " is false",
                  remedy)
              : fail.get()
                  ? Group.KUBERNETES.failure(
                      "kubernetes.cgroup-version",
                      "not version 2 alone, and failCgroupV1 is true in "
                          + kubelet
                          + ": the kubelet does not start",
                      remedy)
                  : Group.KUBERNETES.ok(
                      "kubernetes.cgroup-version",
                      "not version 2 alone, and failCgroupV1 is false"));
    };
  }

  /** A setting with which packets of pods vanish silently. */
  static final Check REVERSE_PATH =
      host ->
          List.of(
              Facts.sysctl(host, "net.ipv4.conf.all.rp_filter").filter("1"::equals).isPresent()
                  ? Group.KUBERNETES.warning(
                      "kubernetes.rp-filter",
                      "net.ipv4.conf.all.rp_filter is 1 (strict): networks with asymmetric routes,"
                          + " such as Cilium's, lose packets without a word",
                      "sysctl -w net.ipv4.conf.all.rp_filter=0, unless the network add-on asks for"
                          + " strictness")
                  : Group.KUBERNETES.ok("kubernetes.rp-filter", "rp_filter is not strict"));
}
