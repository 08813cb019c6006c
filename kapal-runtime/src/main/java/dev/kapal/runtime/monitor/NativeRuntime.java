package dev.kapal.runtime.monitor;

import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.linux.systemd.Systemd;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.RuntimeFeatures;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.SandboxSpec;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.plan.HostFacts;
import dev.kapal.runtime.seccomp.SeccompCache;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Kapal's own runtime: namespaces, cgroups, seccomp and capabilities on the host's kernel. Needs
 * root.
 */
public final class NativeRuntime implements Runtime {
  private static final Pattern ID = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}");

  private final Host host;

  private NativeRuntime(Host host) {
    this.host = host;
  }

  /** A runtime on this machine, with cgroups below {@code /kapal}. */
  public static NativeRuntime create() {
    return create(Linux.system(), KernelFeatures.host(), "/kapal");
  }

  /**
   * A runtime with chosen parts.
   *
   * @param linux the system
   * @param features what plans may use of the kernel
   * @param cgroupParent path of the cgroup that containers without a cgroupsPath are put into
   */
  public static NativeRuntime create(Linux linux, KernelFeatures features, String cgroupParent) {
    return create(linux, features, cgroupParent, () -> SystemdScope.systemd(linux));
  }

  /** As the other one, with something in the place of the host's systemd. */
  static NativeRuntime create(
      Linux linux,
      KernelFeatures features,
      String cgroupParent,
      Supplier<Optional<Systemd>> systemd) {
    Poller poller = linux.newPoller("kapal-monitors");
    return new NativeRuntime(
        new Host(
            linux,
            poller,
            linux.cgroups(),
            HostFacts.of(features),
            new SeccompCache(features.seccompActions()),
            new MonitorProgram(linux),
            new HookRunner(linux),
            cgroupParent,
            systemd));
  }

  @Override
  public String name() {
    return "native";
  }

  @Override
  public Tier tier() {
    return Tier.NATIVE;
  }

  @Override
  public RuntimeFeatures features() {
    KernelFeatures kernel = host.facts().features();
    return new RuntimeFeatures(
        true,
        true,
        true,
        true,
        kernel.userNamespaces() && kernel.mountApi(),
        kernel.idmappedMounts(),
        true,
        false,
        kernel.mountSetattr());
  }

  static void checkId(String id) {
    if (!ID.matcher(id).matches()) {
      throw new ContainerException.Invalid(
          "\""
              + id
              + "\" is no valid id: use 1 to 128 letters, digits, _ . or -, beginning with a letter or digit");
    }
  }

  @Override
  public Sandbox createSandbox(SandboxSpec spec) {
    checkId(spec.id());
    return NativeSandbox.create(host, spec);
  }

  @Override
  public Sandbox reconnect(Path stateDirectory) {
    return NativeSandbox.reconnect(host, stateDirectory);
  }

  @Override
  public void close() {
    host.poller().close();
    host.program().close();
  }
}
