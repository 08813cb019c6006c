package dev.kapal.config.check;

import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.ConfigFiles;
import dev.kapal.config.text.Nearest;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Parsed;
import dev.kapal.config.text.TomlReader;
import dev.kapal.config.text.YamlReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What a node needs to serve a kubelet, as far as files and sysctls tell. */
final class KubernetesChecks {
  private static final List<String> CRI_PLUGINS =
      List.of("io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri", "cri");
  private static final List<String> IMAGE_PLUGINS =
      List.of("io.containerd.cri.v1.images", "io.containerd.grpc.v1.cri", "cri");

  private KubernetesChecks() {}

  /** The kubelet's cgroup driver against those of the engines that are configured here. */
  static Check drivers(Path kubelet, Path containerd, Path crio) {
    return host -> {
      Optional<String> text = host.text(kubelet.toString());
      if (text.isEmpty()) {
        return List.of();
      }
      Parsed parsed = YamlReader.read(kubelet.toString(), text.get());
      if (parsed.refused()) {
        return List.of(
            Group.KUBERNETES.failure(
                "kubernetes.kubelet-config",
                Facts.sentence(parsed.problems().getFirst().toString()),
                "correct it: the kubelet does not start with it"));
      }
      KubeletConfig config = KubeletConfig.read(host, kubelet).orElse(KubeletConfig.STANDARD);
      String own = config.cgroupDriver();
      String said = "the cgroupDriver of " + config.program() + " is ";
      Map<String, String> others = new TreeMap<>();
      host.text(containerd.toString())
          .flatMap(t -> containerdDriver(containerd, t))
          .ifPresent(d -> others.put("containerd (" + containerd + ")", d));
      host.text(crio.toString())
          .map(t -> crioDriver(crio, t))
          .ifPresent(d -> others.put("CRI-O (" + crio + ")", d));
      List<Finding> all = new ArrayList<>();
      others.forEach((engine, driver) -> {
        if (!driver.equals(own)) {
          all.add(
              Group.KUBERNETES.failure(
                  "kubernetes.cgroup-driver",
                  said
                      + own
                      + " ("
                      + kubelet
                      + ") and that of "
                      + engine
                      + " is "
                      + driver
                      + ": pods restart again and again",
                  "set both to "
                      + (CgroupChecks.systemd(host) ? "systemd" : "cgroupfs")
                      + " and restart both"));
        }
      });
      if (own.equals("systemd") && !CgroupChecks.systemd(host)) {
        all.add(
            Group.KUBERNETES.failure(
                "kubernetes.cgroup-driver",
                said + "systemd, and systemd does not run here",
                "set " + config.table() + "cgroupDriver: cgroupfs in " + kubelet));
      }
      return all.isEmpty()
          ? List.of(
              Group.KUBERNETES.ok(
                  "kubernetes.cgroup-driver",
                  said + own + (others.isEmpty() ? "" : ", as on the engine's side")))
          : all;
    };
  }

  private static Optional<String> containerdDriver(Path file, String text) {
    Parsed parsed = TomlReader.read(file.toString(), text);
    if (parsed.refused()) {
      return Optional.empty();
    }
    for (String plugin : CRI_PLUGINS) {
      Optional<Node> table = parsed.root().find("plugins", plugin);
      if (table.isEmpty()) {
        continue;
      }
      if (flag(parsed.root().find("plugins", plugin, "systemd_cgroup"))) {
        return Optional.of("systemd");
      }
      String name =
          string(parsed.root().find("plugins", plugin, "containerd", "default_runtime_name"))
              .orElse("runc");
      boolean systemd =
          flag(
              parsed
                  .root()
                  .find(
                      "plugins",
                      plugin,
                      "containerd",
                      "runtimes",
                      name,
                      "options",
                      "SystemdCgroup"));
      return Optional.of(systemd ? "systemd" : "cgroupfs");
    }
    return Optional.empty();
  }

  private static String crioDriver(Path file, String text) {
    return string(
            TomlReader.read(file.toString(), text).root().find("crio", "runtime", "cgroup_manager"))
        .orElse("systemd");
  }

  /** The image of the pods' pause process: Kapal's own, and what other engines want to pull. */
  static Check pauseImage(Path containerd, Path crio, boolean online) {
    return host -> {
      List<Finding> all = new ArrayList<>();
      all.add(
          Group.KUBERNETES.ok(
              "kubernetes.pause-image", "Kapal has its pause program built in and pulls none"));
      host.text(containerd.toString())
          .flatMap(t -> containerdPause(containerd, t))
          .ifPresent(image -> pause(host, containerd, image, online).ifPresent(all::add));
      host.text(crio.toString())
          .flatMap(t ->
              string(
                  TomlReader.read(crio.toString(), t).root().find("crio", "image", "pause_image")))
          .ifPresent(image -> pause(host, crio, image, online).ifPresent(all::add));
      return all;
    };
  }

  private static Optional<String> containerdPause(Path file, String text) {
    Node.Table root = TomlReader.read(file.toString(), text).root();
    for (String plugin : IMAGE_PLUGINS) {
      Optional<String> image =
          string(root.find("plugins", plugin, "pinned_images", "sandbox"))
              .or(() -> string(root.find("plugins", plugin, "sandbox_image")));
      if (image.isPresent()) {
        return image;
      }
    }
    return Optional.empty();
  }

  private static Optional<Finding> pause(Host host, Path file, String image, boolean online) {
    String registry = image.contains("/") ? image.substring(0, image.indexOf('/')) : "docker.io";
    if (!online) {
      // Without being asked nothing is sent anywhere; closed registries are told of by config.*.
      return Optional.empty();
    }
    return host.registry(registry, Duration.ofSeconds(10))
        .map(why ->
            Group.KUBERNETES
                .warning(
                    "kubernetes.pause-image",
                    file
                        + " names "
                        + image
                        + ", and "
                        + registry
                        + " cannot be reached ("
                        + Facts.sentence(why)
                        + "): with that engine no pod sandbox starts where the image is not there",
                    "name a copy at a mirror there, or use Kapal, which pulls none")
                .of(image));
  }

  /** Whether a kubelet with this configuration starts with the swap that there is. */
  static Check swap(Path kubelet) {
    return host -> {
      boolean swap = host.text("/proc/swaps").map(t -> t.lines().count() > 1).orElse(false);
      if (!swap) {
        return List.of(Group.KUBERNETES.ok("kubernetes.swap", "swap is off"));
      }
      Optional<KubeletConfig> config = KubeletConfig.read(host, kubelet);
      String key = config.map(KubeletConfig::table).orElse("") + "failSwapOn";
      if (config.isPresent() && !config.get().failSwapOn()) {
        return List.of(
            Group.KUBERNETES.ok(
                "kubernetes.swap",
                "swap is on, and "
                    + config.get().program()
                    + " starts with it: "
                    + key
                    + " is false in "
                    + kubelet));
      }
      return List.of(
          Group.KUBERNETES.warning(
              "kubernetes.swap",
              "swap is on, and a kubelet refuses to start then unless failSwapOn is false",
              "swapoff -a and remove it from /etc/fstab, or set " + key + ": false in " + kubelet));
    };
  }

  static final Check CONNTRACK =
      host ->
          List.of(
              Facts.sysctl(host, "net.netfilter.nf_conntrack_max").isPresent()
                  ? Group.KUBERNETES.ok("kubernetes.conntrack", "connections are tracked")
                  : Group.KUBERNETES.warning(
                      "kubernetes.conntrack",
                      "nf_conntrack is not loaded: kube-proxy cannot set its limits and does not"
                          + " start",
                      "modprobe nf_conntrack, and write it into /etc/modules-load.d"));

  static final Check SYSCTLS =
      host -> {
        List<Finding> all = new ArrayList<>();
        all.add(
            Facts.sysctl(host, "net.ipv4.ip_forward").filter("1"::equals).isPresent()
                ? Group.KUBERNETES.ok("kubernetes.forwarding", "IPv4 is forwarded")
                : Group.KUBERNETES.failure(
                    "kubernetes.forwarding",
                    "net.ipv4.ip_forward is 0, and pods reach only their own node",
                    "sysctl -w net.ipv4.ip_forward=1, and write it into /etc/sysctl.d"));
        Optional<String> filter = Facts.sysctl(host, "net.bridge.bridge-nf-call-iptables");
        all.add(
            filter.filter("1"::equals).isPresent()
                ? Group.KUBERNETES.ok("kubernetes.bridge-filter", "bridge-nf-call-iptables is 1")
                : Group.KUBERNETES.warning(
                    "kubernetes.bridge-filter",
                    filter
                            .map(v -> "net.bridge.bridge-nf-call-iptables is " + v)
                            .orElse("br_netfilter is not loaded")
                        + ": services of kube-proxy are not reached from pods of the same node",
                    "modprobe br_netfilter; sysctl -w net.bridge.bridge-nf-call-iptables=1"));
        return all;
      };

  /** Whether there is a network for pods. */
  static Check network(Path directory) {
    return host -> {
      boolean there =
          host.names(directory.toString()).stream()
              .anyMatch(n -> n.endsWith(".conflist") || n.endsWith(".conf"));
      return List.of(
          there
              ? Group.KUBERNETES.ok("kubernetes.cni", "a network for pods in " + directory)
              : Group.KUBERNETES.warning(
                  "kubernetes.cni",
                  "there is no network for pods in " + directory + ": the node stays NotReady",
                  "install a network add-on, such as flannel, calico or cilium"));
    };
  }

  /** The handlers of RuntimeClass objects against the runtimes that can be used here. */
  static Check handlers(Path file, RuntimeNames names) {
    return host -> {
      ConfigFiles.Text text = ConfigFiles.read(file);
      if (!(text instanceof ConfigFiles.Text.Content content)) {
        return List.of(
            Group.KUBERNETES.failure(
                "kubernetes.handlers",
                file
                    + (text instanceof ConfigFiles.Text.Unusable unusable
                        ? ": " + Facts.sentence(unusable.problem().message())
                        : ": there is no such file"),
                "name a file with RuntimeClass objects, as from: kubectl get runtimeclass -o"
                    + " yaml"));
      }
      List<Finding> all = new ArrayList<>();
      for (Parsed parsed : YamlReader.documents(file.toString(), content.text())) {
        parsed
            .problems()
            .forEach(p ->
                all.add(
                    Group.KUBERNETES.failure(
                        "kubernetes.handlers", Facts.sentence(p.toString()), "correct it")));
        List<Node.Table> objects = new ArrayList<>();
        if (parsed.root().get("items").orElse(null) instanceof Node.Array items) {
          items
              .items()
              .forEach(item -> {
                if (item instanceof Node.Table table) {
                  objects.add(table);
                }
              });
        } else {
          objects.add(parsed.root());
        }
        objects.stream()
            .filter(o -> string(o.get("kind")).filter("RuntimeClass"::equals).isPresent())
            .forEach(o -> all.add(handler(o, names)));
      }
      return all.isEmpty()
          ? List.of(
              Group.KUBERNETES.warning(
                  "kubernetes.handlers",
                  file + " holds no RuntimeClass",
                  "name a file as from: kubectl get runtimeclass -o yaml"))
          : all;
    };
  }

  private static Finding handler(Node.Table object, RuntimeNames names) {
    String name = string(object.find("metadata", "name")).orElse("?");
    String handler = string(object.get("handler")).orElse("");
    String subject = "RuntimeClass " + name;
    try {
      names.resolve(handler);
      return Group.KUBERNETES
          .ok("kubernetes.handlers", subject + ": its handler " + handler + " is here")
          .of(name);
    } catch (ConfigException.UnknownRuntime e) {
      return Group.KUBERNETES
          .failure(
              "kubernetes.handlers",
              subject
                  + " names the handler \""
                  + handler
                  + "\", which is not here; there are "
                  + String.join(", ", names.usable())
                  + ": its pods stay in ContainerCreating",
              Nearest.of(handler, names.usable())
                      .map(n -> "did you mean \"" + n + "\"? Otherwise ")
                      .orElse("")
                  + "kapal runtime install "
                  + (handler.isEmpty() ? "NAME" : handler)
                  + " PATH")
          .of(name);
    }
  }

  private static Optional<String> string(Optional<Node> node) {
    return node.filter(n -> n instanceof Node.Text).map(n -> ((Node.Text) n).value());
  }

  private static boolean flag(Optional<Node> node) {
    return node.orElse(null) instanceof Node.Flag flag && flag.value();
  }
}
