package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.Process;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a process gets before its program runs, in the container's root: limits, ids, capabilities,
 * working directory, filter. The filter is loaded as late as possible.
 */
final class ProcessPlan {
  private static final Map<String, Integer> RLIMITS =
      Map.ofEntries(
          Map.entry("RLIMIT_CPU", 0),
          Map.entry("RLIMIT_FSIZE", 1),
          Map.entry("RLIMIT_DATA", 2),
          Map.entry("RLIMIT_STACK", 3),
          Map.entry("RLIMIT_CORE", 4),
          Map.entry("RLIMIT_RSS", 5),
          Map.entry("RLIMIT_NPROC", 6),
          Map.entry("RLIMIT_NOFILE", 7),
          Map.entry("RLIMIT_MEMLOCK", 8),
          Map.entry("RLIMIT_AS", 9),
          Map.entry("RLIMIT_LOCKS", 10),
          Map.entry("RLIMIT_SIGPENDING", 11),
          Map.entry("RLIMIT_MSGQUEUE", 12),
          Map.entry("RLIMIT_NICE", 13),
          Map.entry("RLIMIT_RTPRIO", 14),
          Map.entry("RLIMIT_RTTIME", 15));
  private final Compilation c;
  private final Process process;
  private final Optional<SeccompProgram> seccomp;
  private final Barrier barrier;
  private final ProgramPlan program;

  /** Where a process waits for its start. */
  enum Barrier {
    /** Nowhere. */
    NONE,
    /** Nowhere; but it is told whether the program is there. */
    FOUND,
    /** For leave from whoever launched it. */
    WATCHER,
    /** At a socket, for anybody who may connect to it. */
    SOCKET
  }

  /** Name of the slot that holds the socket. */
  static final String LISTENER = "start listener";

  /** The bits of stdio that the plan itself has. */
  static final int STDIO = 15;

  /** The first of the bits that say which streams are the host's null device. */
  private static final int NULL = 16;

  ProcessPlan(Compilation c, Process process, Optional<SeccompProgram> seccomp, Barrier barrier) {
    this.c = c;
    this.process = process;
    this.seccomp = seccomp;
    this.barrier = barrier;
    this.program = new ProgramPlan(c, process);
  }

  /** What the host's privileges are needed for. */
  void limits(Section host) {
    for (Process.Rlimit limit : process.rlimits()) {
      host.to(
          "set "
              + limit.type()
              + " to "
              + Long.toUnsignedString(limit.soft())
              + ", at most "
              + Long.toUnsignedString(limit.hard()));
      Bytes value = Bytes.struct(16, b -> b.putLong(limit.soft()).putLong(limit.hard()));
      host.call(
          "prlimit64",
          Arg.of(0),
          Arg.of(RLIMITS.getOrDefault(limit.type(), -1)),
          Arg.of(value),
          Arg.of(0));
    }
    AttributePlan.schedule(
        host,
        process,
        c.linux.resources().flatMap(r -> r.cpu()).filter(cpu -> !cpu.cpus().isEmpty()).isPresent());
  }

  /** Lets a user other than root open its standard streams by path; the pipes belong to root. */
  void ownStreams(Section host, List<IdMapping> uids) {
    long uid = process.user().uid();
    long owner = uids.isEmpty() ? uid : mapped(uid, uids);
    if (owner > 0) {
      host.to("give the standard streams to the process's user");
      for (int i = 0; i < 3; i++) {
        if ((c.inputs.stdio() & (1 << i)) != 0) {
          host.call("fchown", Arg.of(i), Arg.of(owner), Arg.of(0xffffffffL))
              .allow(Errors.EPERM, Errors.EINVAL);
        }
      }
    }
  }

  /** An id of the container as the host sees it; -1 if it has none there. */
  static long mapped(long id, List<IdMapping> maps) {
    for (IdMapping m : maps) {
      if (id >= m.containerId() && id < m.containerId() + m.size()) {
        return m.hostId() + (id - m.containerId());
      }
    }
    return -1;
  }

  static void keyring(Section s, String id) {
    s.to("make a session keyring");
    s.call("keyctl", Arg.of(1), Arg.of("_ses." + id)).allow(Errors.ENOSYS, Errors.EPERM);
  }

  /**
   * Opens what LSM labels are written to, through a procfs that is checked to be one
   * (CVE-2019-16884).
   */
  void openLabels(Section s, boolean inContainer) {
    boolean apparmor = !process.apparmorProfile().isEmpty();
    boolean selinux = !process.selinuxLabel().isEmpty();
    if (apparmor && !c.facts.features().appArmor()) {
      throw Compilation.unsupported(
          "The AppArmor profile "
              + process.apparmorProfile()
              + " is asked for, but this host has no AppArmor");
    }
    if (selinux && !c.facts.features().seLinux()) {
      throw Compilation.unsupported(
          "The SELinux label "
              + process.selinuxLabel()
              + " is asked for, but this host has no SELinux");
    }
    if (!apparmor && !selinux) {
      return;
    }
    s.to("open /proc for the security label");
    Arg.Slot proc = c.slot("proc");
    if (inContainer) {
      c.openIn(s, c.slot("root"), "/proc", O_PATH | c.directory(), HOW_NO_SYMLINKS, proc);
    } else {
      c.openHost(s, "/proc", O_PATH | c.directory(), proc);
    }
    s.op(Op.CHECK_FS, proc, Arg.of(PROC_SUPER_MAGIC));
    if (apparmor) {
      Section.Label found = new Section.Label();
      c.openIn(s, proc, "/self/attr/apparmor/exec", O_WRONLY, HOW_NO_XDEV, c.slot("apparmor"))
          .skipTo(found)
          .allow(Errors.ENOENT);
      c.openIn(s, proc, "/self/attr/exec", O_WRONLY, HOW_NO_XDEV, c.slot("apparmor"));
      s.here(found);
    }
    if (selinux) {
      c.openIn(s, proc, "/self/attr/exec", O_WRONLY, HOW_NO_XDEV, c.slot("selinux"));
    }
    s.op(Op.FORGET, proc);
  }

  private void writeLabels(Section s) {
    if (!process.apparmorProfile().isEmpty()) {
      String text = "exec " + process.apparmorProfile();
      s.to("apply the AppArmor profile " + process.apparmorProfile());
      s.call("write", c.slot("apparmor"), Arg.of(text), Arg.of(Bytes.string(text).length() - 1));
    }
    if (!process.selinuxLabel().isEmpty()) {
      s.to("apply the SELinux label " + process.selinuxLabel());
      s.call(
          "write",
          c.slot("selinux"),
          Arg.of(process.selinuxLabel()),
          Arg.of(Bytes.string(process.selinuxLabel()).length() - 1));
    }
  }

  /** From here on in the container's root, to the end. */
  void run(boolean ownUserNamespace) {
    Section s = c.init;
    CapabilityPlan caps = CapabilityPlan.of(process, c.facts, ownUserNamespace, c.warnings);
    nullStreams(s);
    boolean lateCaps = seccomp.isPresent() && !process.noNewPrivileges();
    caps.dropBounding(s);
    enterDirectory(s);
    user(s);
    caps.apply(s, lateCaps);
    boolean capsDone = !lateCaps || caps.hasAdmin();
    if (capsDone) {
      caps.raiseAmbient(s);
    }
    directory(s);
    if (process.noNewPrivileges()) {
      s.to("forbid new privileges");
      s.call("prctl", Arg.of(PR_SET_NO_NEW_PRIVS), Arg.of(1), Arg.of(0), Arg.of(0), Arg.of(0));
    }
    descriptors(s);
    barrier(s);
    writeLabels(s);
    seccomp.ifPresent(program -> filter(s, program));
    if (!capsDone) {
      caps.apply(s, false);
      caps.raiseAmbient(s);
    }
    if (barrier == Barrier.SOCKET) {
      program.executeStarted(s);
    } else {
      program.execute(s);
    }
  }

  /** A stream that leads nowhere does so by the container's own device: it can be saved with it. */
  private void nullStreams(Section s) {
    if (c.inputs.stdio() < NULL) {
      return;
    }
    s.to("open the container's null device for the standard streams");
    Section.Label none = new Section.Label();
    Arg.Slot device = c.slot("null device");
    c.openHost(s, "/dev/null", O_RDWR, device).on(Step.Allowed.ANY, none);
    s.op(Op.CHECK_DEVICE, device, Arg.of(1), Arg.of(3)).on(Step.Allowed.ANY, none);
    for (int i = 0; i < 3; i++) {
      if ((c.inputs.stdio() & (NULL << i)) != 0) {
        s.call("dup3", device, Arg.of(i), Arg.of(0));
      }
    }
    s.here(none);
    s.op(Op.FORGET, device);
  }

  private void barrier(Section s) {
    switch (barrier) {
      case NONE -> {}
      case FOUND -> program.find(s);
      case WATCHER -> {
        s.to("wait for the start");
        s.op(Op.SYNC, Arg.of(LaunchPlan.SYNC_START));
      }
      case SOCKET -> {
        program.find(s);
        s.to("wait for the start");
        new RootlessPlan(c).open(s);
        s.op(Op.SYNC, Arg.of(LaunchPlan.SYNC_CREATED));
        s.op(Op.AWAIT, c.slot(LISTENER));
        s.op(Op.FORGET, c.slot(LISTENER));
      }
    }
  }

  private void user(Section s) {
    Process.User user = process.user();
    s.to("become user " + user.uid() + ", group " + user.gid());
    if (user.uid() != 0) {
      s.call("prctl", Arg.of(PR_SET_KEEPCAPS), Arg.of(1), Arg.of(0), Arg.of(0), Arg.of(0));
    }
    List<Long> groups = new RootlessPlan(c).groups(process);
    if (groups.isEmpty()) {
      Section.Draft drop = s.call("setgroups", Arg.of(0), Arg.of(0));
      if (new RootlessPlan(c).mayLackGroups()) {
        drop.allow(Errors.EPERM);
      }
    } else {
      Bytes list =
          Bytes.struct(4 * groups.size(), b -> groups.forEach(g -> b.putInt(g.intValue())));
      s.call("setgroups", Arg.of(groups.size()), Arg.of(list));
    }
    s.call("setresgid", Arg.of(user.gid()), Arg.of(user.gid()), Arg.of(user.gid()));
    s.call("setresuid", Arg.of(user.uid()), Arg.of(user.uid()), Arg.of(user.uid()));
    s.to("set the file mode mask");
    s.call("umask", Arg.of(user.umask().orElse(022)));
  }

  /**
   * Tried as root first, as Docker does: the user may be allowed to be there but not to go there.
   */
  private void enterDirectory(Section s) {
    s.to("change to the working directory " + process.cwd());
    Section.Label later = new Section.Label();
    s.call("chdir", Arg.of(process.cwd())).on(Errors.EACCES, later);
    c.openHost(s, ".", O_PATH | c.directory(), c.slot("working directory"));
    s.here(later);
  }

  /**
   * And as the user where root was not let in; either way it must be inside the root
   * (CVE-2024-21626).
   */
  private void directory(Section s) {
    s.to("change to the working directory " + process.cwd());
    Section.Label there = new Section.Label();
    s.call("fcntl", c.slot("working directory"), Arg.of(F_GETFD)).skipTo(there).allow(Errors.EBADF);
    s.call("chdir", Arg.of(process.cwd()));
    s.here(there);
    s.op(Op.CHECK_CWD);
    s.op(Op.FORGET, c.slot("working directory"));
  }

  void descriptors(Section s) {
    int passed = c.inputs.preserveFds();
    if (passed > 0) {
      s.to("pass " + passed + " descriptors");
      // What still serves gives way to the numbers that they get; as do they themselves.
      if (!process.apparmorProfile().isEmpty()) {
        behind(s, "apparmor", "apparmor", passed);
      }
      if (!process.selinuxLabel().isEmpty()) {
        behind(s, "selinux", "selinux", passed);
      }
      List<Arg.Slot> high = new ArrayList<>();
      for (int i = 0; i < passed; i++) {
        high.add(behind(s, "passed " + i, "copy " + i, passed));
      }
      for (int i = 0; i < passed; i++) {
        s.call("dup3", high.get(i), Arg.of(3 + i), Arg.of(0));
      }
    }
    s.to("close other descriptors at exec");
    s.op(Op.CLOEXEC_FROM, Arg.of(3 + passed));
  }

  /** Copies a descriptor to a number that no passed one gets. */
  private Arg.Slot behind(Section s, String from, String to, int passed) {
    Arg.Slot copy = c.slot(to);
    s.call("fcntl", c.slot(from), Arg.of(F_DUPFD_CLOEXEC), Arg.of(3 + passed)).out(copy);
    return copy;
  }

  private void filter(Section s, SeccompProgram program) {
    s.to("load the system call filter");
    Section.Draft load =
        s.op(
            Op.SECCOMP,
            Arg.of(program.filter()),
            Arg.of(program.instructions()),
            Arg.of(program.flags()));
    if (program.listener()) {
      // Closed at exec: close(2) may be one of the calls that wait for whoever has the listener.
      load.out(c.slot("listener"));
      s.op(Op.SEND, c.slot("listener"), Arg.of(2));
      s.op(Op.SYNC, Arg.of(LaunchPlan.SYNC_LISTENER));
    }
  }
}
