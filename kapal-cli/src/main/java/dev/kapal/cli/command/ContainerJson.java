package dev.kapal.cli.command;

import dev.kapal.cli.template.Struct;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Containers.DiskUse;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.Resources;
import dev.kapal.network.IpPrefix;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A container in the shape of docker's inspect (Docker Engine API, ContainerInspect). Pure. */
final class ContainerJson {
  private static final String NEVER = "0001-01-01T00:00:00Z";

  private ContainerJson() {}

  static Struct of(ContainerInfo c, Optional<DiskUse> size) {
    List<String> words = c.process().words();
    Struct json =
        new Struct()
            .with("Id", c.id())
            .with("Created", c.created().toString())
            .with("Path", words.isEmpty() ? "" : words.getFirst())
            .with("Args", words.isEmpty() ? List.of() : words.subList(1, words.size()))
            .with("State", state(c))
            .with("Image", c.imageId())
            .with("ResolvConfPath", c.paths().resolvConf())
            .with("HostnamePath", c.paths().hostname())
            .with("HostsPath", c.paths().hosts())
            .with("LogPath", c.logPath().orElse(""))
            .with("Name", "/" + c.name())
            .with("RestartCount", (long) c.restartCount())
            .with("Driver", "overlay2")
            .with(
                "Platform",
                c.platform().contains("/")
                    ? c.platform().substring(0, c.platform().indexOf('/'))
                    : c.platform())
            .with("MountLabel", "")
            .with("ProcessLabel", c.spec().security().selinuxLabel().orElse(""))
            .with("AppArmorProfile", c.spec().security().apparmor().orElse(""));
    if (c.execs().isEmpty()) {
      json.withNull("ExecIDs");
    } else {
      json.with("ExecIDs", c.execs());
    }
    json.with("HostConfig", hostConfig(c)).with("GraphDriver", graphDriver(c));
    size.ifPresent(s -> json.with("SizeRw", s.writable()).with("SizeRootFs", s.total()));
    return json.with("Mounts", c.mounts().stream().map(ContainerJson::mount).toList())
        .with("Config", config(c))
        .with("NetworkSettings", networks(c));
  }

  private static Struct graphDriver(ContainerInfo c) {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("MergedDir", c.paths().rootfs());
    return new Struct().with("Data", data).with("Name", "overlay2");
  }

  private static Struct state(ContainerInfo c) {
    ContainerState s = c.state();
    Struct state =
        new Struct()
            .with("Status", s.text())
            .with("Running", s.alive() || s == ContainerState.RESTARTING)
            .with("Paused", s == ContainerState.PAUSED)
            .with("Restarting", s == ContainerState.RESTARTING)
            .with("OOMKilled", c.oomKilled())
            .with("Dead", s == ContainerState.DEAD)
            .with("Pid", (long) c.pid().orElse(0))
            .with("ExitCode", (long) c.exitCode())
            .with("Error", c.error().orElse(""))
            .with("StartedAt", moment(c.started()))
            .with("FinishedAt", moment(c.finished()));
    c.health()
        .ifPresent(health ->
            state.with(
                "Health",
                new Struct()
                    .with("Status", health.status().text())
                    .with("FailingStreak", (long) health.failingStreak())
                    .with(
                        "Log",
                        health.log().stream()
                            .map(probe ->
                                new Struct()
                                    .with("Start", probe.start().toString())
                                    .with("End", probe.end().toString())
                                    .with("ExitCode", (long) probe.exitCode())
                                    .with("Output", probe.output()))
                            .toList())));
    return state;
  }

  private static String moment(Optional<Instant> moment) {
    return moment.map(Instant::toString).orElse(NEVER);
  }

  private static Struct hostConfig(ContainerInfo c) {
    ContainerSpec spec = c.spec();
    Resources r = spec.resources();
    Struct json = new Struct();
    list(
        json,
        "Binds",
        spec.storage().mounts().stream()
            .filter(m -> m.type() == MountSpec.Type.BIND)
            .map(ContainerJson::bind)
            .toList());
    json.with("ContainerIDFile", "")
        .with(
            "LogConfig",
            new Struct().with("Type", c.logDriver()).with("Config", spec.log().options()))
        .with(
            "NetworkMode",
            spec.network().mode().isEmpty() ? c.networkMode() : spec.network().mode())
        .with("PortBindings", bindings(spec))
        .with(
            "RestartPolicy",
            new Struct()
                .with("Name", spec.restart().mode().text())
                .with("MaximumRetryCount", (long) spec.restart().maxRetries()))
        .with("AutoRemove", spec.autoRemove())
        .with("VolumeDriver", "");
    list(json, "VolumesFrom", spec.storage().volumesFrom());
    json.with(
        "ConsoleSize",
        spec.process()
            .terminalSize()
            .map(t -> List.of((long) t.rows(), (long) t.columns()))
            .orElse(List.of(0L, 0L)));
    json.with("Annotations", spec.annotations());
    list(json, "CapAdd", spec.security().capAdd());
    list(json, "CapDrop", spec.security().capDrop());
    json.with("CgroupnsMode", usually(spec.namespaces().cgroup()))
        .with("Dns", spec.network().dns())
        .with("DnsOptions", spec.network().dnsOptions())
        .with("DnsSearch", spec.network().dnsSearch());
    list(json, "ExtraHosts", spec.network().extraHosts());
    list(json, "GroupAdd", spec.process().groupAdd());
    json.with("IpcMode", usually(spec.namespaces().ipc()))
        .with("Cgroup", "")
        .withNull("Links")
        .with("OomScoreAdj", (long) spec.process().oomScoreAdj().orElse(0))
        .with("PidMode", spec.namespaces().pid().toString())
        .with("Privileged", spec.security().privileged())
        .with("PublishAllPorts", spec.network().publishAll())
        .with("ReadonlyRootfs", spec.storage().readOnlyRoot());
    list(json, "SecurityOpt", securityOptions(spec));
    json.with("UTSMode", spec.namespaces().uts().toString())
        .with("UsernsMode", spec.namespaces().user().toString())
        .with("ShmSize", spec.storage().shmSize().orElse(64L << 20))
        .with("Sysctls", spec.sysctls())
        .with("Runtime", c.runtime())
        .with("Isolation", "")
        .with("CpuShares", r.cpuShares().orElse(0))
        .with("Memory", r.memory().orElse(0))
        .with("NanoCpus", r.nanoCpus().orElse(0))
        .with("CgroupParent", r.cgroupParent().orElse(""))
        .with("BlkioWeight", (long) r.blkioWeight().orElse(0))
        .with("BlkioWeightDevice", values(r.blkioWeightDevice(), "Weight"))
        .with("BlkioDeviceReadBps", values(r.blkioReadBps(), "Rate"))
        .with("BlkioDeviceWriteBps", values(r.blkioWriteBps(), "Rate"))
        .with("BlkioDeviceReadIOps", values(r.blkioReadIops(), "Rate"))
        .with("BlkioDeviceWriteIOps", values(r.blkioWriteIops(), "Rate"))
        .with("CpuPeriod", r.cpuPeriod().orElse(0))
        .with("CpuQuota", r.cpuQuota().orElse(0))
        .with("CpuRealtimePeriod", r.cpuRealtimePeriod().orElse(0))
        .with("CpuRealtimeRuntime", r.cpuRealtimeRuntime().orElse(0))
        .with("CpusetCpus", r.cpusetCpus().orElse(""))
        .with("CpusetMems", r.cpusetMems().orElse(""))
        .with(
            "Devices",
            spec.devices().devices().stream()
                .map(d ->
                    new Struct()
                        .with("PathOnHost", d.hostPath())
                        .with("PathInContainer", d.containerPath())
                        .with("CgroupPermissions", d.permissions()))
                .toList());
    list(json, "DeviceCgroupRules", spec.devices().cgroupRules());
    json.withNull("DeviceRequests")
        .with("MemoryReservation", r.memoryReservation().orElse(0))
        .with("MemorySwap", r.memorySwap().orElse(0));
    r.memorySwappiness()
        .ifPresentOrElse(
            n -> json.with("MemorySwappiness", (long) n), () -> json.withNull("MemorySwappiness"));
    json.with("OomKillDisable", r.oomKillDisable());
    r.pids().ifPresentOrElse(n -> json.with("PidsLimit", n), () -> json.withNull("PidsLimit"));
    json.with(
        "Ulimits",
        spec.process().ulimits().stream()
            .map(u ->
                new Struct().with("Name", u.name()).with("Hard", u.hard()).with("Soft", u.soft()))
            .toList());
    json.with("Mounts", spec.storage().mounts().stream().map(ContainerJson::asked).toList());
    json.with("Init", spec.process().init());
    spec.security().maskedPaths().ifPresent(paths -> json.with("MaskedPaths", paths));
    spec.security().readonlyPaths().ifPresent(paths -> json.with("ReadonlyPaths", paths));
    return json;
  }

  /** A namespace of which docker tells the mode that is meant when none is asked for. */
  private static String usually(NamespaceMode mode) {
    return (mode.equals(NamespaceMode.DEFAULT) ? NamespaceMode.PRIVATE : mode).toString();
  }

  private static void list(Struct json, String name, List<?> list) {
    if (list.isEmpty()) {
      json.withNull(name);
    } else {
      json.with(name, list);
    }
  }

  private static String bind(MountSpec m) {
    List<String> options = new ArrayList<>();
    if (m.readOnly()) {
      options.add("ro");
    }
    m.propagation().ifPresent(options::add);
    return m.source()
        + ":"
        + m.target()
        + (options.isEmpty() ? "" : ":" + String.join(",", options));
  }

  private static Struct asked(MountSpec m) {
    return new Struct()
        .with("Type", m.type().name().toLowerCase(java.util.Locale.ROOT))
        .with("Source", m.source())
        .with("Target", m.target())
        .with("ReadOnly", m.readOnly());
  }

  private static List<String> securityOptions(ContainerSpec spec) {
    List<String> options = new ArrayList<>();
    if (spec.security().noNewPrivileges()) {
      options.add("no-new-privileges");
    }
    switch (spec.security().seccomp().mode()) {
      case DEFAULT -> {}
      case UNCONFINED -> options.add("seccomp=unconfined");
      case PROFILE -> options.add("seccomp=" + spec.security().seccomp().profile().orElse(""));
    }
    spec.security().apparmor().ifPresent(profile -> options.add("apparmor=" + profile));
    return options;
  }

  private static List<Struct> values(List<Resources.DeviceValue> values, String name) {
    return values.stream()
        .map(v -> new Struct().with("Path", v.device()).with(name, v.value()))
        .toList();
  }

  private static Map<String, Object> bindings(ContainerSpec spec) {
    Map<String, List<Struct>> map = new TreeMap<>();
    for (var mapping : spec.network().ports()) {
      String ip = mapping.hostAddress().map(IpPrefix::text).orElse("");
      int count = mapping.containerPorts().size();
      for (int n = 0; n < count; n++) {
        int offset = n;
        String host =
            mapping.hostPorts().isEmpty()
                ? ""
                : count == 1
                    ? mapping.hostPorts().get().toString()
                    : Integer.toString(mapping.hostPorts().get().first() + offset);
        map.computeIfAbsent(
                mapping.containerPorts().first() + n + "/" + mapping.protocol().text(),
                key -> new ArrayList<>())
            .add(new Struct().with("HostIp", ip).with("HostPort", host));
      }
    }
    return new LinkedHashMap<>(map);
  }

  private static Struct mount(ContainerInfo.MountPoint m) {
    Struct json = new Struct().with("Type", m.type());
    m.name().ifPresent(name -> json.with("Name", name));
    json.with("Source", m.source()).with("Destination", m.destination());
    if (m.type().equals("volume")) {
      json.with("Driver", "local");
    }
    return json.with("Mode", m.mode())
        .with("RW", m.readWrite())
        .with("Propagation", m.propagation());
  }

  private static Struct config(ContainerInfo c) {
    ContainerSpec spec = c.spec();
    boolean joined = spec.process().stdinOpen();
    Struct json =
        new Struct()
            .with("Hostname", c.hostname())
            .with("Domainname", spec.network().domainname().orElse(""))
            .with("User", c.process().user())
            .with("AttachStdin", joined && spec.process().stdinOnce())
            .with("AttachStdout", true)
            .with("AttachStderr", true);
    Map<String, Object> exposed = new TreeMap<>();
    spec.network()
        .expose()
        .forEach(port -> exposed.put(port.contains("/") ? port : port + "/tcp", Map.of()));
    c.ports().forEach(p -> exposed.put(p.containerPort() + "/" + p.protocol(), Map.of()));
    if (!exposed.isEmpty()) {
      json.with("ExposedPorts", exposed);
    }
    json.with("Tty", spec.process().tty())
        .with("OpenStdin", spec.process().stdinOpen())
        .with("StdinOnce", spec.process().stdinOnce())
        .with("Env", c.process().env());
    list(json, "Cmd", c.process().command());
    spec.health().ifPresent(health -> json.with("Healthcheck", health(health)));
    Map<String, Object> volumes = new TreeMap<>();
    spec.storage().mounts().stream()
        .filter(m -> m.type() == MountSpec.Type.VOLUME && m.source().isEmpty())
        .forEach(m -> volumes.put(m.target(), Map.of()));
    json.with("Image", c.image());
    if (volumes.isEmpty()) {
      json.withNull("Volumes");
    } else {
      json.with("Volumes", volumes);
    }
    json.with("WorkingDir", c.process().workdir());
    list(json, "Entrypoint", c.process().entrypoint());
    return json.withNull("OnBuild")
        .with("Labels", new TreeMap<String, Object>(c.labels()))
        .with("StopSignal", c.stopSignal())
        .with("StopTimeout", c.stopTimeout().isNegative() ? -1L : c.stopTimeout().toSeconds());
  }

  private static Struct health(dev.kapal.engine.spec.HealthSpec health) {
    Struct json = new Struct();
    if (!health.test().isEmpty()) {
      json.with("Test", health.test());
    }
    health.interval().map(Duration::toNanos).ifPresent(n -> json.with("Interval", n));
    health.timeout().map(Duration::toNanos).ifPresent(n -> json.with("Timeout", n));
    health.startPeriod().map(Duration::toNanos).ifPresent(n -> json.with("StartPeriod", n));
    health.startInterval().map(Duration::toNanos).ifPresent(n -> json.with("StartInterval", n));
    health.retries().ifPresent(n -> json.with("Retries", (long) n));
    return json;
  }

  private static Struct networks(ContainerInfo c) {
    Map<String, Object> ports = new TreeMap<>();
    Map<String, List<Struct>> bound = new TreeMap<>();
    for (ContainerInfo.PublishedPort p : c.ports()) {
      List<Struct> list =
          bound.computeIfAbsent(p.containerPort() + "/" + p.protocol(), key -> new ArrayList<>());
      p.hostPort()
          .ifPresent(host ->
              list.add(
                  new Struct()
                      .with("HostIp", p.hostAddress().isEmpty() ? "0.0.0.0" : p.hostAddress())
                      .with("HostPort", Integer.toString(host))));
    }
    Struct holder = new Struct();
    bound.forEach((port, list) -> list(holder, port, list));
    ports.putAll(holder);
    Map<String, Object> networks = new LinkedHashMap<>();
    c.networks().forEach((name, endpoint) -> networks.put(name, endpoint(endpoint, c.shortId())));
    Struct json =
        new Struct()
            .with("Bridge", "")
            .with("SandboxID", "")
            .with("SandboxKey", "")
            .with("Ports", ports)
            .with("HairpinMode", false);
    Optional<ContainerInfo.Endpoint> main = Optional.ofNullable(c.networks().get("bridge"));
    Struct first = endpoint(main.orElse(NOWHERE), c.shortId());
    for (String field :
        List.of(
            "EndpointID",
            "Gateway",
            "GlobalIPv6Address",
            "GlobalIPv6PrefixLen",
            "IPAddress",
            "IPPrefixLen",
            "IPv6Gateway",
            "MacAddress")) {
      json.with(field, first.getOrDefault(field, ""));
    }
    return json.with("Networks", networks);
  }

  private static final ContainerInfo.Endpoint NOWHERE =
      new ContainerInfo.Endpoint("", "", "", List.of(), List.of(), "", List.of());

  private static Struct endpoint(ContainerInfo.Endpoint e, String id) {
    String four = find(e.addresses(), false);
    String six = find(e.addresses(), true);
    List<String> names = new ArrayList<>(e.aliases());
    if (!e.networkId().isEmpty() && !names.contains(id)) {
      names.add(id);
    }
    Struct json = new Struct().withNull("IPAMConfig").withNull("Links");
    list(json, "Aliases", e.aliases());
    json.with("MacAddress", e.mac())
        .with("NetworkID", e.networkId())
        .with("EndpointID", e.endpointId())
        .with("Gateway", find(e.gateways(), false))
        .with("IPAddress", address(four))
        .with("IPPrefixLen", prefix(four))
        .with("IPv6Gateway", find(e.gateways(), true))
        .with("GlobalIPv6Address", address(six))
        .with("GlobalIPv6PrefixLen", prefix(six));
    json.withNull("DriverOpts");
    list(json, "DNSNames", names);
    return json;
  }

  private static String find(List<String> addresses, boolean six) {
    return addresses.stream().filter(a -> (a.indexOf(':') >= 0) == six).findFirst().orElse("");
  }

  static String address(String prefixed) {
    int slash = prefixed.indexOf('/');
    return slash < 0 ? prefixed : prefixed.substring(0, slash);
  }

  private static long prefix(String prefixed) {
    int slash = prefixed.indexOf('/');
    return slash < 0 ? 0 : Long.parseLong(prefixed.substring(slash + 1));
  }
}
