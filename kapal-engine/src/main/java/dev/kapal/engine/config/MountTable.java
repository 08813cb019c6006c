package dev.kapal.engine.config;

import dev.kapal.engine.config.ConfigRequest.ResolvedMount;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.Mount;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The mounts of a container, in the order in which they are made. */
final class MountTable {
  /** Where the init program shows inside. */
  static final String INIT = "/dev/kapal-init";

  /** The group of terminals, in every distribution. */
  private static final long TTY_GROUP = 5;

  private static final long SHM_SIZE = 64L << 20;

  private MountTable() {}

  static List<Mount> of(ConfigRequest r) {
    ContainerSpec spec = r.container().spec();
    Set<String> taken = new HashSet<>();
    for (ResolvedMount m : r.mounts()) {
      taken.add(clean(m.spec().target()));
    }
    List<Mount> mounts = new ArrayList<>();
    for (Mount m : system(r, spec)) {
      boolean replaced = taken.contains(m.destination());
      boolean below = m.destination().startsWith("/dev/") && taken.contains("/dev");
      if (!replaced && !below) {
        mounts.add(m);
      }
    }
    if (spec.storage().readOnlyRoot() && spec.storage().readOnlyTmpfs()) {
      for (String path : List.of("/run", "/tmp", "/var/tmp")) {
        if (!taken.contains(path)) {
          mounts.add(Mount.of(path, "tmpfs", "tmpfs", "nosuid", "nodev", "tmpcopyup"));
        }
      }
    }
    List<Mount> own = new ArrayList<>();
    r.files()
        .forEach((inside, host) -> {
          if (!taken.contains(inside)) {
            own.add(Mount.bind(host, inside, "rw", "rprivate"));
          }
        });
    for (ResolvedMount m : r.mounts()) {
      own.add(convert(m, ownUser(spec)));
    }
    // Shallow ones first, so that none covers another; the sort keeps the order of equals.
    own.sort(Comparator.comparingInt(m -> depth(m.destination())));
    mounts.addAll(own);
    r.init().ifPresent(p -> mounts.add(Mount.bind(p, INIT, "ro", "rprivate", "nosuid", "nodev")));
    return mounts;
  }

  private static List<Mount> system(ConfigRequest r, ContainerSpec spec) {
    boolean privileged = spec.security().privileged();
    String network = r.container().networkMode();
    // A pod's user namespace owns the pod's network.
    boolean othersNet =
        network.equals("host") || (network.startsWith("container:") && spec.pod().isEmpty());
    boolean ownUser = ownUser(spec);
    String rw = privileged ? "rw" : "ro";
    List<Mount> m = new ArrayList<>();
    m.add(Mount.of("/proc", "proc", "proc", "nosuid", "noexec", "nodev"));
    m.add(Mount.of("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"));
    List<String> pts =
        new ArrayList<>(List.of("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"));
    if (!ownUser || maps(spec.namespaces().gidMappings(), TTY_GROUP)) {
      pts.add("gid=" + TTY_GROUP);
    }
    m.add(new Mount("/dev/pts", "devpts", "devpts", pts, List.of(), List.of()));
    if (ownUser && othersNet) {
      // sysfs belongs to the network namespace: its owner alone may mount it.
      m.add(Mount.bind("/sys", "/sys", "nosuid", "noexec", "nodev", "ro", "rprivate"));
    } else {
      m.add(Mount.of("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", rw));
      m.add(
          Mount.of(
              "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", rw));
    }
    NamespaceMode ipc = spec.namespaces().ipc();
    if (ipc.kind() == NamespaceMode.Kind.HOST) {
      // A new mount shows the queues of the namespace that it is made in; only its owner may make
      // one.
      m.add(
          ownUser
              ? Mount.bind("/dev/mqueue", "/dev/mqueue", "nosuid", "noexec", "nodev", "rprivate")
              : Mount.of("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"));
      m.add(Mount.bind("/dev/shm", "/dev/shm", "nosuid", "noexec", "nodev", "rprivate"));
    } else {
      m.add(Mount.of("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"));
      if (r.shm().isPresent()) {
        m.add(Mount.bind(r.shm().get(), "/dev/shm", "nosuid", "noexec", "nodev", "rprivate"));
      } else if (ipc.kind() != NamespaceMode.Kind.NONE) {
        m.add(
            Mount.of(
                "/dev/shm",
                "tmpfs",
                "shm",
                "nosuid",
                "noexec",
                "nodev",
                "mode=1777",
                "size=" + spec.storage().shmSize().orElse(SHM_SIZE)));
      }
    }
    return m;
  }

  static boolean ownUser(ContainerSpec spec) {
    return spec.namespaces().user().kind() == NamespaceMode.Kind.PRIVATE;
  }

  private static boolean maps(List<NamespaceSpec.IdMapping> maps, long id) {
    return maps.stream().anyMatch(m -> id >= m.containerId() && id < m.containerId() + m.size());
  }

  private static Mount convert(ResolvedMount m, boolean ownUser) {
    MountSpec s = m.spec();
    String target = clean(s.target());
    List<String> o = new ArrayList<>();
    if (s.type() == MountSpec.Type.TMPFS) {
      // What is asked for comes last and wins.
      o.addAll(List.of("nosuid", "nodev", "noexec"));
      if (s.readOnly()) {
        o.add("ro");
      }
      s.tmpfsSize().ifPresent(n -> o.add("size=" + n));
      s.tmpfsMode().ifPresent(n -> o.add("mode=" + Integer.toOctalString(n)));
      o.addAll(s.options());
      return new Mount(target, "tmpfs", "tmpfs", o, List.of(), List.of());
    }
    o.add(s.nonRecursive() ? "bind" : "rbind");
    o.add(s.readOnly() ? s.recursiveReadOnly() ? "rro" : "ro" : "rw");
    o.add(s.propagation().orElse("rprivate"));
    if (ownUser && s.type() == MountSpec.Type.VOLUME) {
      // Volumes are Kapal's own and keep the ids that containers see, whatever maps these have; a
      // bind shows the host's files as they are.
      o.add("idmap");
    }
    if (!s.uidMappings().isEmpty()) {
      o.add(s.nonRecursive() ? "idmap" : "ridmap");
    }
    o.addAll(s.options());
    return new Mount(target, "bind", m.source(), o, maps(s.uidMappings()), maps(s.gidMappings()));
  }

  private static List<IdMapping> maps(List<NamespaceSpec.IdMapping> list) {
    return list.stream().map(m -> new IdMapping(m.containerId(), m.hostId(), m.size())).toList();
  }

  /**
   * Without double or final slashes, {@code .} and {@code ..}: as text, before any link is looked
   * at.
   */
  static String clean(String path) {
    List<String> parts = new ArrayList<>();
    for (String p : path.split("/")) {
      if (p.equals("..")) {
        if (!parts.isEmpty()) {
          parts.removeLast();
        }
      } else if (!p.isEmpty() && !p.equals(".")) {
        parts.add(p);
      }
    }
    return "/" + String.join("/", parts);
  }

  private static int depth(String path) {
    return (int) path.chars().filter(c -> c == '/').count();
  }
}
