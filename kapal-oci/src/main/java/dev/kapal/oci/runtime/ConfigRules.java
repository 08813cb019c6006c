package dev.kapal.oci.runtime;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Rules of config.md. */
final class ConfigRules {
  private final Checks checks;

  ConfigRules(Checks checks) {
    this.checks = checks;
  }

  void config(RuntimeConfig config) {
    checks.that(
        config.ociVersion().matches("1\\.\\d+\\.\\d+([-+.].*)?"),
        "ociVersion",
        config.ociVersion(),
        "must be a version 1.x of the specification");
    checks.text("hostname", config.hostname());
    checks.that(
        config.hostname().length() <= 64,
        "hostname",
        config.hostname(),
        "must have at most 64 characters");
    checks.text("domainname", config.domainname());
    checks.that(
        config.domainname().length() <= 64,
        "domainname",
        config.domainname(),
        "must have at most 64 characters");
    config
        .root()
        .ifPresent(r -> {
          checks.that(!r.path().isEmpty(), "root.path", "", "must not be empty");
          checks.text("root.path", r.path());
        });
    config.process().ifPresent(p -> new ProcessRules(checks).process("process", p));
    for (int i = 0; i < config.mounts().size(); i++) {
      mount("mounts[" + i + "]", config.mounts().get(i));
    }
    hooks("hooks.prestart", config.hooks().prestart());
    hooks("hooks.createRuntime", config.hooks().createRuntime());
    hooks("hooks.createContainer", config.hooks().createContainer());
    hooks("hooks.startContainer", config.hooks().startContainer());
    hooks("hooks.poststart", config.hooks().poststart());
    hooks("hooks.poststop", config.hooks().poststop());
    config.linux().ifPresent(l -> new LinuxRules(checks).linux("linux", l));
    Linux linux = config.linux().orElse(Linux.empty());
    if (!config.hostname().isEmpty() || !config.domainname().isEmpty()) {
      checks.that(
          linux.namespace(NamespaceType.UTS).isPresent(),
          "hostname",
          config.hostname(),
          "there is no uts namespace in linux.namespaces: it would change the host's name");
    }
    checks.that(
        linux.namespace(NamespaceType.MOUNT).isPresent()
            || (config.root().isEmpty() && config.mounts().isEmpty()),
        "linux.namespaces",
        "",
        "must have a mount namespace");
  }

  private void mount(String at, Mount mount) {
    checks.absolute(at + ".destination", mount.destination());
    checks.text(at + ".source", mount.source());
    checks.text(at + ".type", mount.type());
    mount.options().forEach(o -> checks.text(at + ".options", o));
    checks.that(
        mount.uidMappings().isEmpty() == mount.gidMappings().isEmpty(),
        at + ".uidMappings",
        mount.uidMappings().size(),
        "uidMappings and gidMappings must be given together");
    LinuxRules rules = new LinuxRules(checks);
    rules.mappings(at + ".uidMappings", mount.uidMappings());
    rules.mappings(at + ".gidMappings", mount.gidMappings());
  }

  private void hooks(String at, List<Hook> hooks) {
    for (int i = 0; i < hooks.size(); i++) {
      String field = at + "[" + i + "]";
      Hook hook = hooks.get(i);
      checks.absolute(field + ".path", hook.path());
      hook.args().forEach(a -> checks.text(field + ".args", a));
      hook.env().forEach(e -> checks.text(field + ".env", e));
      hook.timeout().ifPresent(t -> checks.that(t > 0, field + ".timeout", t, "must be above 0"));
    }
  }

  /** Rules of config-linux.md. */
  static final class LinuxRules {
    private static final Set<String> PROPAGATION =
        Set.of(
            "",
            "shared",
            "slave",
            "private",
            "unbindable",
            "rshared",
            "rslave",
            "rprivate",
            "runbindable");
    private final Checks checks;

    LinuxRules(Checks checks) {
      this.checks = checks;
    }

    void linux(String at, Linux linux) {
      Set<NamespaceType> seen = EnumSet.noneOf(NamespaceType.class);
      for (Namespace ns : linux.namespaces()) {
        checks.that(
            ns.type() != NamespaceType.UNKNOWN,
            at + ".namespaces.type",
            "",
            "must be a kind of Linux namespace");
        checks.that(seen.add(ns.type()), at + ".namespaces", ns.type(), "must appear once only");
        ns.path().ifPresent(p -> checks.absolute(at + ".namespaces[" + ns.type() + "].path", p));
      }
      mappings(at + ".uidMappings", linux.uidMappings());
      mappings(at + ".gidMappings", linux.gidMappings());
      boolean user = seen.contains(NamespaceType.USER);
      checks.that(
          user || (linux.uidMappings().isEmpty() && linux.gidMappings().isEmpty()),
          at + ".uidMappings",
          linux.uidMappings().size(),
          "there is no user namespace in linux.namespaces");
      linux
          .namespace(NamespaceType.USER)
          .filter(n -> n.path().isEmpty())
          .ifPresent(n ->
              checks.that(
                  !linux.uidMappings().isEmpty() && !linux.gidMappings().isEmpty(),
                  at + ".uidMappings",
                  linux.uidMappings().size(),
                  "a new user namespace needs uidMappings and gidMappings"));
      checks.that(
          PROPAGATION.contains(linux.rootfsPropagation()),
          at + ".rootfsPropagation",
          linux.rootfsPropagation(),
          "must be shared, slave, private or unbindable");
      linux.maskedPaths().forEach(p -> checks.absolute(at + ".maskedPaths", p));
      linux.readonlyPaths().forEach(p -> checks.absolute(at + ".readonlyPaths", p));
      linux.devices().forEach(d -> device(at + ".devices", d));
      checks.text(at + ".cgroupsPath", linux.cgroupsPath());
      checks.text(at + ".mountLabel", linux.mountLabel());
      linux
          .sysctl()
          .forEach((name, value) -> {
            checks.that(
                name.matches("[a-zA-Z0-9_.:/-]+") && !name.contains(".."),
                at + ".sysctl",
                name,
                "is not the name of a kernel parameter");
            checks.text(at + ".sysctl." + name, value);
          });
      linux
          .timeOffsets()
          .forEach((clock, offset) -> {
            checks.that(
                clock.equals("monotonic") || clock.equals("boottime"),
                at + ".timeOffsets",
                clock,
                "must be monotonic or boottime");
            checks.range(
                at + ".timeOffsets." + clock + ".nanosecs", offset.nanosecs(), 0, 999_999_999);
          });
      checks.that(
          linux.timeOffsets().isEmpty()
              || linux.namespace(NamespaceType.TIME).filter(n -> n.path().isEmpty()).isPresent(),
          at + ".timeOffsets",
          linux.timeOffsets().size(),
          "needs a new time namespace in linux.namespaces");
      linux
          .personality()
          .ifPresent(p -> {
            checks.that(
                p.domain().equals("LINUX") || p.domain().equals("LINUX32"),
                at + ".personality.domain",
                p.domain(),
                "must be LINUX or LINUX32");
            checks.that(
                p.flags().isEmpty(), at + ".personality.flags", p.flags(), "no flags are defined");
          });
      linux.seccomp().ifPresent(s -> seccomp(at + ".seccomp", s));
      linux.resources().ifPresent(r -> resources(at + ".resources", r));
      linux.memoryPolicy().ifPresent(p -> p.check(checks, at + ".memoryPolicy"));
    }

    void mappings(String at, List<IdMapping> mappings) {
      checks.that(
          mappings.size() <= 340, at, mappings.size(), "the kernel takes at most 340 ranges");
      for (IdMapping m : mappings) {
        checks.id(at + ".containerID", m.containerId());
        checks.id(at + ".hostID", m.hostId());
        checks.range(at + ".size", m.size(), 1, 0xffffffffL);
        checks.that(
            m.containerId() + m.size() <= 0xffffffffL && m.hostId() + m.size() <= 0xffffffffL,
            at + ".size",
            m.size(),
            "the range must end at 4294967294 or below");
      }
    }

    private void device(String at, Device device) {
      checks.absolute(at + ".path", device.path());
      checks.that(
          Set.of("c", "u", "b", "p").contains(device.type()),
          at + ".type",
          device.type(),
          "must be c, u, b or p");
      checks.range(at + ".major", device.major(), 0, 0xfff);
      checks.range(at + ".minor", device.minor(), 0, 0xfffff);
      device.fileMode().ifPresent(m -> checks.range(at + ".fileMode", m & ~0170000, 0, 07777));
      checks.id(at + ".uid", device.uid());
      checks.id(at + ".gid", device.gid());
    }

    private void resources(String at, Resources resources) {
      for (Resources.DeviceRule rule : resources.devices()) {
        checks.that(
            Set.of("", "a", "b", "c").contains(rule.type()),
            at + ".devices.type",
            rule.type(),
            "must be a, b or c");
        checks.that(
            rule.access().matches("[rwm]*"),
            at + ".devices.access",
            rule.access(),
            "must be made of r, w and m");
        rule.major().ifPresent(v -> checks.range(at + ".devices.major", v, -1, 0xfff));
        rule.minor().ifPresent(v -> checks.range(at + ".devices.minor", v, -1, 0xfffff));
      }
      resources
          .memory()
          .ifPresent(m -> {
            m.limit()
                .ifPresent(
                    v -> checks.that(v >= -1, at + ".memory.limit", v, "must be -1 or above"));
            m.swappiness().ifPresent(v -> checks.range(at + ".memory.swappiness", v, 0, 200));
            if (m.swap().isPresent() && m.swap().get() > 0 && m.limit().isPresent()) {
              checks.that(
                  m.swap().get() >= m.limit().get(),
                  at + ".memory.swap",
                  m.swap().get(),
                  "is memory and swap together and must not be below memory.limit");
            }
          });
      resources
          .cpu()
          .ifPresent(c -> {
            CpuList.check(checks, at + ".cpu.cpus", c.cpus());
            CpuList.check(checks, at + ".cpu.mems", c.mems());
            c.idle().ifPresent(v -> checks.range(at + ".cpu.idle", v, 0, 1));
            c.shares()
                .ifPresent(v -> checks.that(v >= 0, at + ".cpu.shares", v, "must not be negative"));
          });
      resources
          .unified()
          .forEach((file, value) -> {
            checks.that(
                file.matches("[a-zA-Z0-9_.-]+") && !file.startsWith(".") && file.contains("."),
                at + ".unified",
                file,
                "must be the name of a file of cgroup v2, such as memory.high");
            checks.text(at + ".unified." + file, value);
          });
      resources
          .hugepageLimits()
          .forEach(h ->
              checks.that(
                  h.pageSize().matches("[1-9][0-9]*[KMG]B"),
                  at + ".hugepageLimits.pageSize",
                  h.pageSize(),
                  "must be a size such as 2MB"));
    }

    private void seccomp(String at, Seccomp seccomp) {
      checks.that(
          seccomp.defaultAction() != SeccompAction.UNKNOWN,
          at + ".defaultAction",
          "",
          "must be a known SCMP_ACT_ action");
      checks.that(
          seccomp.defaultAction() != SeccompAction.NOTIFY,
          at + ".defaultAction",
          "SCMP_ACT_NOTIFY",
          "cannot be the default: the listener could not be passed on");
      seccomp.defaultErrnoRet().ifPresent(v -> checks.range(at + ".defaultErrnoRet", v, 0, 4095));
      for (int i = 0; i < seccomp.syscalls().size(); i++) {
        Seccomp.Rule rule = seccomp.syscalls().get(i);
        String field = at + ".syscalls[" + i + "]";
        checks.that(!rule.names().isEmpty(), field + ".names", "", "must name a system call");
        checks.that(
            rule.action() != SeccompAction.UNKNOWN,
            field + ".action",
            "",
            "must be a known SCMP_ACT_ action");
        rule.errnoRet().ifPresent(v -> checks.range(field + ".errnoRet", v, 0, 4095));
        for (Seccomp.Arg arg : rule.args()) {
          checks.range(field + ".args.index", arg.index(), 0, 5);
          checks.that(
              arg.op() != SeccompOperator.UNKNOWN,
              field + ".args.op",
              "",
              "must be a known SCMP_CMP_ operator");
        }
      }
    }
  }
}
