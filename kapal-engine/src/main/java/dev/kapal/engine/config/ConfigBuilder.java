package dev.kapal.engine.config;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.ProcessSpec;
import dev.kapal.engine.spec.SecuritySpec;
import dev.kapal.linux.systemd.Slices;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.Root;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.Seccomp;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Makes the OCI runtime config (runtime-spec 1.3) of a container. A pure function: same request and
 * facts, same config.
 */
public final class ConfigBuilder {
  private ConfigBuilder() {}

  /**
   * The config.
   *
   * @throws EngineException.InvalidArgument parts of the request contradict each other or the host
   * @throws EngineException.Unsupported the host cannot do it
   */
  public static RuntimeConfig build(ConfigRequest r, HostFacts host) {
    ContainerSpec spec = r.container().spec();
    boolean ownUts = spec.namespaces().uts().kind() != NamespaceMode.Kind.HOST;
    RuntimeConfig config =
        RuntimeConfig.empty()
            .withRoot(new Root("rootfs", spec.storage().readOnlyRoot()))
            .withProcess(process(r, host))
            .withMounts(MountTable.of(r))
            .withAnnotations(spec.annotations())
            .withLinux(linux(r, host));
    if (ownUts) {
      config = config.withHostname(r.container().hostname());
      if (spec.network().domainname().isPresent()) {
        config = config.withDomainname(spec.network().domainname().get());
      }
    } else if (spec.network().hostname().isPresent()) {
      throw new EngineException.InvalidArgument(
          "a hostname cannot be set in the host's UTS namespace: leave out --hostname or --uts host");
    }
    return DeviceEdits.apply(config, host.cdi().edits(spec.devices().cdi()), host);
  }

  private static Process process(ConfigRequest r, HostFacts host) {
    ContainerSpec spec = r.container().spec();
    ProcessSpec p = spec.process();
    List<String> words = new ArrayList<>(r.container().process().words());
    if (r.init().isPresent()) {
      words.addAll(0, List.of(MountTable.INIT, "--"));
    }
    List<String> bounding =
        CapabilitySets.of(spec.security(), host.lastCapability(), host.capabilities());
    Process out =
        Process.empty()
            .withTerminal(p.tty())
            .withUser(r.user().user())
            .withArgs(words)
            .withEnv(environment(r))
            .withCwd(r.container().process().workdir())
            .withCapabilities(
                CapabilitySets.sets(
                    bounding,
                    spec.security().capAmbient(),
                    r.user().user().uid(),
                    host.lastCapability()))
            .withRlimits(
                p.ulimits().stream()
                    .map(u ->
                        new Process.Rlimit(
                            "RLIMIT_" + u.name().toUpperCase(Locale.ROOT), u.soft(), u.hard()))
                    .toList())
            .withNoNewPrivileges(spec.security().noNewPrivileges());
    if (p.terminalSize().isPresent() && p.tty()) {
      out =
          out.withConsoleSize(
              new Process.Box(p.terminalSize().get().rows(), p.terminalSize().get().columns()));
    }
    if (p.oomScoreAdj().isPresent()) {
      out = out.withOomScoreAdj(p.oomScoreAdj().getAsInt());
    }
    return labels(out, spec.security(), host);
  }

  /** Labels of the security modules; asking for one that the host lacks is an error. */
  public static Process labels(Process p, SecuritySpec s, HostFacts host) {
    Process out = p;
    String apparmor = s.apparmor().orElse("");
    if (!apparmor.isEmpty() && !apparmor.equals("unconfined")) {
      if (!host.appArmor()) {
        throw new EngineException.Unsupported(
            "AppArmor profile \"" + apparmor + "\": this kernel has no AppArmor; leave it out");
      }
      out = out.withApparmorProfile(apparmor);
    }
    if (s.selinuxLabel().isPresent() && !s.selinuxLabel().get().isEmpty()) {
      if (!host.seLinux()) {
        throw new EngineException.Unsupported(
            "SELinux label \""
                + s.selinuxLabel().get()
                + "\": this kernel has no SELinux; leave it out");
      }
      out = out.withSelinuxLabel(s.selinuxLabel().get());
    }
    return out;
  }

  private static List<String> environment(ConfigRequest r) {
    ContainerSpec spec = r.container().spec();
    List<String> base = new ArrayList<>();
    base.add(Environment.PATH);
    base.add("HOSTNAME=" + r.container().hostname());
    if (spec.process().tty()) {
      base.add("TERM=xterm");
    }
    List<String> env = Environment.merge(base, r.container().process().env());
    if (!Environment.has(env, "HOME")) {
      env.add("HOME=" + r.user().home());
    }
    return env;
  }

  private static Linux linux(ConfigRequest r, HostFacts host) {
    ContainerSpec spec = r.container().spec();
    SecuritySpec security = spec.security();
    NamespaceSpec n = spec.namespaces();
    List<Namespace> namespaces = namespaces(r);
    boolean ownNet = owns(spec, namespaces, NamespaceType.NETWORK);
    DeviceAccess.Access devices = DeviceAccess.of(spec, host);
    Resources resources = ResourceMapping.of(spec.resources(), host).withDevices(devices.rules());
    boolean unmasked = security.privileged() || security.unmaskSystemPaths();
    Linux linux =
        Linux.empty()
            .withNamespaces(namespaces)
            .withCgroupsPath(Slices.cgroupsPath(r.container().cgroup()))
            .withDevices(devices.nodes())
            .withResources(resources)
            .withSysctl(sysctls(spec, namespaces, ownNet))
            .withRootfsPropagation(propagation(r))
            .withMaskedPaths(
                security.maskedPaths().orElse(unmasked ? List.of() : Hide.masked(host)))
            .withReadonlyPaths(
                security.readonlyPaths().orElse(unmasked ? List.of() : Hide.READONLY));
    if (MountTable.ownUser(spec)) {
      linux =
          linux
              .withUidMappings(mappings(n.uidMappings()))
              .withGidMappings(mappings(n.gidMappings()));
    }
    Optional<Seccomp> seccomp = seccomp(security, host);
    return seccomp.isPresent() ? linux.withSeccomp(seccomp.get()) : linux;
  }

  /** The system call filter that is asked for. */
  public static Optional<Seccomp> seccomp(SecuritySpec s, HostFacts host) {
    List<String> caps = CapabilitySets.of(s, host.lastCapability(), host.capabilities());
    return switch (s.seccomp().mode()) {
      case UNCONFINED -> Optional.empty();
      case DEFAULT -> s.privileged() ? Optional.empty() : host.defaultSeccomp(new HashSet<>(caps));
      case PROFILE ->
          Optional.of(
              SeccompProfiles.read(s.seccomp().profile().orElseThrow(), new HashSet<>(caps)));
    };
  }

  private static List<IdMapping> mappings(List<NamespaceSpec.IdMapping> list) {
    return list.stream().map(m -> new IdMapping(m.containerId(), m.hostId(), m.size())).toList();
  }

  private static Map<String, String> sysctls(
      ContainerSpec spec, List<Namespace> namespaces, boolean ownNet) {
    Sysctls.check(
        spec.sysctls(),
        owns(spec, namespaces, NamespaceType.IPC),
        ownNet,
        owns(spec, namespaces, NamespaceType.UTS));
    Map<String, String> all = new LinkedHashMap<>();
    if (ownNet) {
      // No privilege is needed in a network of one's own to listen on low ports, or to ping.
      all.put("net.ipv4.ip_unprivileged_port_start", "0");
      if (!MountTable.ownUser(spec)) {
        // The kernel takes groups only that are mapped.
        all.put("net.ipv4.ping_group_range", "0 2147483647");
      }
    }
    all.putAll(spec.sysctls());
    return all;
  }

  /** Whether it may set parameters of a namespace: it is its own, or its pod's. */
  private static boolean owns(ContainerSpec spec, List<Namespace> list, NamespaceType type) {
    return list.stream()
        .anyMatch(n -> n.type() == type && (spec.pod().isPresent() || n.path().isEmpty()));
  }

  private static List<Namespace> namespaces(ConfigRequest r) {
    ContainerSpec spec = r.container().spec();
    NamespaceSpec n = spec.namespaces();
    List<Namespace> list = new ArrayList<>();
    list.add(Namespace.create(NamespaceType.MOUNT));
    if (MountTable.ownUser(spec)) {
      list.add(
          Optional.ofNullable(r.join().get(NamespaceType.USER.procName()))
              .map(path -> Namespace.join(NamespaceType.USER, path))
              .orElse(Namespace.create(NamespaceType.USER)));
    }
    add(list, NamespaceType.UTS, n.uts(), r);
    add(list, NamespaceType.IPC, n.ipc(), r);
    add(list, NamespaceType.PID, n.pid(), r);
    add(list, NamespaceType.CGROUP, n.cgroup(), r);
    String mode = r.container().networkMode();
    if (r.join().containsKey(NamespaceType.NETWORK.procName())) {
      list.add(
          Namespace.join(
              NamespaceType.NETWORK, r.join().getOrDefault(NamespaceType.NETWORK.procName(), "")));
    } else if (!mode.equals("host")) {
      list.add(Namespace.create(NamespaceType.NETWORK));
    }
    return list;
  }

  private static void add(
      List<Namespace> list, NamespaceType type, NamespaceMode mode, ConfigRequest r) {
    switch (mode.kind()) {
      case HOST -> {}
      case CONTAINER -> list.add(Namespace.join(type, r.join().getOrDefault(type.procName(), "")));
      case DEFAULT, PRIVATE, NONE, SHAREABLE -> list.add(Namespace.create(type));
    }
  }

  /** A mount that is to propagate needs a root that does; see mount_namespaces(7). */
  private static String propagation(ConfigRequest r) {
    List<String> all = r.mounts().stream().flatMap(m -> m.spec().propagation().stream()).toList();
    if (all.stream().anyMatch(p -> p.endsWith("shared"))) {
      return "shared";
    }
    return all.stream().anyMatch(p -> p.endsWith("slave")) ? "slave" : "";
  }

  /** A path without double or final slashes, {@code .} and {@code ..}; as text only. */
  public static String clean(String path) {
    return MountTable.clean(path);
  }

  /** An exec process: the container's, with what the exec says put in its place. */
  public static Process exec(
      Process container,
      dev.kapal.engine.spec.ExecSpec exec,
      UserResolver.Resolved user,
      HostFacts host) {
    List<String> env = new ArrayList<>(container.env());
    if (exec.user().isPresent()) {
      env.removeIf(e -> e.startsWith("HOME="));
    }
    env = Environment.merge(env, exec.tty() ? List.of("TERM=xterm") : List.of(), exec.env());
    if (!Environment.has(env, "HOME")) {
      env.add("HOME=" + user.home());
    }
    List<String> bounding =
        exec.privileged()
            ? CapabilitySets.of(
                SecuritySpec.builder().privileged(true).build(),
                host.lastCapability(),
                host.capabilities())
            : container.capabilities().map(Process.Capabilities::bounding).orElse(List.of());
    Process p =
        container
            .withTerminal(exec.tty())
            .withUser(user.user())
            .withArgs(exec.command())
            .withEnv(env)
            .withCwd(exec.workdir().orElse(container.cwd()))
            .withCapabilities(CapabilitySets.sets(bounding, user.user().uid()));
    if (exec.terminalSize().isPresent() && exec.tty()) {
      p =
          p.withConsoleSize(
              new Process.Box(
                  exec.terminalSize().get().rows(), exec.terminalSize().get().columns()));
    }
    return p;
  }
}
