package dev.kapal.config.check;

import dev.kapal.config.runtime.KataPaths;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Recognises messages that runtimes, engines and kubelets print in the field, and says what they
 * mean. Pure.
 */
public final class KnownFailures {
  /**
   * What a message means.
   *
   * @param id stable
   * @param cause one sentence
   * @param remedy what to do
   */
  public record Explanation(String id, String cause, String remedy) {}

  private record Known(Pattern pattern, Explanation explanation) {}

  private static final List<Known> ALL =
      List.of(
          known(
              "Invalid command \"create\"|kata-runtime.*(?:no help topic|unknown command).*create",
              "known.kata-path",
              KataPaths.EXPLANATION,
              "remove the path and set the type: runtimeType io.containerd.kata.v2 for Docker,"
                  + " runtime_type for containerd, type for Kapal"),
          known(
              "version [`'\"]?(GLIBC_[0-9.]+)[`'\"]? not found",
              "known.glibc",
              "the program was built for a newer C library than this host's: it needs $1",
              "install a static build, or one for this distribution's release; kapal check RUNTIME"
                  + " reads from its file what it needs"),
          known(
              "Failed to read msg header\\. Read (?:0|-1) instead of 12|vhost-fs\\.sock.*(?:Connection"
                  + " refused|No such file)|(?:Failed to connect|dial).*vhost-fs\\.sock",
              "known.virtiofsd",
              "virtiofsd ended before QEMU spoke to it, most often since the two do not fit or since"
                  + " it was given options of another version",
              "use the QEMU and virtiofsd of one bundle (/opt/kata), or virtiofsd 1.x with QEMU 5.2"
                  + " or newer; kapal check looks at both versions"),
          known(
              "could not insert '?kvm_(?:intel|amd)|Could not access KVM kernel module|failed to"
                  + " initialize [Kk][Vv][Mm]|/dev/kvm.*(?:No such file|Permission denied|No such"
                  + " device)|ioctl\\(KVM_CREATE_VM\\) failed",
              "known.kvm",
              "there is no virtualisation by hardware here: the processor or its firmware does not"
                  + " offer it, or this host is a virtual machine without nested virtualisation",
              "switch it on in the firmware or at the machine's host, or use a runtime of the tier"
                  + " native or sandbox; kapal check runs a guest and says how far it came"),
          known(
              "no runtime for \"([^\"]*)\" is configured|(?:unknown or invalid runtime name|Unknown"
                  + " runtime specified):? ?([\\w.-]+)|runtime handler \"([^\"]*)\" not supported",
              "known.handler",
              "a RuntimeClass or --runtime names a handler that is not in the engine's configuration",
              "compare the names, upper and lower case too: kapal runtime ls lists what there is,"
                  + " kapal runtime install adds one"),
          known(
              "unknown service runtime\\.v1(?:alpha2)?\\.(?:RuntimeService|ImageService)",
              "known.cri-disabled",
              "containerd runs without its CRI: packages ship disabled_plugins = [\"cri\"], or its CRI"
                  + " did not load for an error in its table",
              "remove \"cri\" from disabled_plugins in /etc/containerd/config.toml and restart"
                  + " containerd"),
          known(
              "(?:kubelet cgroup driver|cgroup ?[dD]river).*(?:is different from|misconfiguration|!=)|"
                  + "expected cgroupsPath to be of format \"?slice:prefix:name|invalid slice name",
              "known.cgroup-driver",
              "the kubelet and the runtime divide control groups in different ways: pods restart"
                  + " again and again",
              "set cgroupDriver of the kubelet and SystemdCgroup (containerd), cgroup_manager (CRI-O)"
                  + " or native.cgroupdriver (Docker) to the same, systemd where systemd runs"),
          known(
              "unsupported shim version \\(?(\\d+)\\)?",
              "known.shim-version",
              "the shim speaks version $1 of the shim protocol, which is newer than its engine knows",
              "update the engine (version 3 came with containerd 2.0), or install the shim of the"
                  + " engine's own release; Kapal speaks 2 and 3"),
          known(
              "(?:dial unix|connect).*/(?:dockershim|containerd|crio|cri-dockerd)\\.sock.*no such file"
                  + " or directory|runtime connect using default endpoints",
              "known.crictl",
              "crictl tries its default sockets, since crictl.yaml is missing, or has a key that it"
                  + " does not know",
              "write into /etc/crictl.yaml: runtime-endpoint: unix:///run/containerd/containerd.sock,"
                  + " or the socket of the engine in use"),
          known(
              "cannot run with network enabled in root network namespace",
              "known.runsc-network",
              "gVisor has a network stack of its own and found no network namespace to join; on Linux"
                  + " 6.11 and newer, releases before August 2024 take every namespace for the host's",
              "use a release of August 2024 or newer and a network other than none and host, or the"
                  + " argument --network=none or --network=host: kapal runtime install runsc PATH --"
                  + " --network=host"),
          known(
              "unknown version specified",
              "known.oci-version",
              "the runtime is older than the version of the runtime-spec that containers are described"
                  + " in",
              "use a newer release of it (of crun 1.9 or newer)"),
          known(
              "cgroups in hybrid mode not supported",
              "known.hybrid",
              "the runtime knows either version of control groups, and not both at once",
              "start with systemd.unified_cgroup_hierarchy=1 on the kernel's command line, or use"
                  + " native or runc"),
          known(
              "failed to (?:get|pull) (?:sandbox |pause )?image \"?([^\"\\s:]+[^\"\\s]*pause[^\"\\s]*)|"
                  + "(?:pull|resolve).*/pause:[^\\s]*.*(?:timeout|no such host|refused|deadline)",
              "known.pause-image",
              "the image that holds a pod's namespaces cannot be pulled from its registry, so no pod"
                  + " starts",
              "name a mirror's copy as sandbox_image, or load it by hand; Kapal has its own inside and"
                  + " pulls none"));

  private KnownFailures() {}

  private static Known known(String pattern, String id, String cause, String remedy) {
    return new Known(
        Pattern.compile(pattern, Pattern.CASE_INSENSITIVE), new Explanation(id, cause, remedy));
  }

  /** What a message means, if it is known. */
  public static Optional<Explanation> explain(String message) {
    String bounded = message.length() > 65536 ? message.substring(0, 65536) : message;
    for (Known known : ALL) {
      Matcher matcher = known.pattern().matcher(bounded);
      if (matcher.find()) {
        Explanation e = known.explanation();
        String first = matcher.groupCount() > 0 && matcher.group(1) != null ? matcher.group(1) : "";
        return Optional.of(new Explanation(e.id(), e.cause().replace("$1", first), e.remedy()));
      }
    }
    return Optional.empty();
  }
}
