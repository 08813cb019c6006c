package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.TimeOffset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Namespaces and control groups: which to make, which to enter, and in which order. */
final class NamespacePlan {
  /** The user namespace comes last: entering it gives up the privileges that the others need. */
  private static final List<NamespaceType> JOIN_ORDER =
      List.of(
          NamespaceType.NETWORK,
          NamespaceType.IPC,
          NamespaceType.UTS,
          NamespaceType.CGROUP,
          NamespaceType.PID,
          NamespaceType.TIME,
          NamespaceType.USER);

  private final Compilation c;
  private final boolean staged;
  private final NetDevicePlan netDevices;

  NamespacePlan(Compilation c) {
    this.c = c;
    this.staged =
        c.outside
            || c.joins(NamespaceType.USER).isPresent()
            || c.joins(NamespaceType.PID).isPresent()
            || c.joins(NamespaceType.TIME).isPresent()
            || c.makes(NamespaceType.TIME)
            || NetDevicePlan.wanted(c);
    this.netDevices = new NetDevicePlan(c);
    if (c.joins(NamespaceType.MOUNT).isPresent()) {
      throw Compilation.unsupported(
          "A container cannot join a mount namespace: it could not have a root file system of its own");
    }
    if (c.linux.namespace(NamespaceType.TIME).isPresent() && !c.facts.features().timeNamespace()) {
      throw Compilation.unsupported(
          "Time namespaces need Linux 5.6; this kernel is " + c.facts.features().release().text());
    }
    if (c.makes(NamespaceType.USER) && !c.facts.features().userNamespaces()) {
      throw Compilation.unsupported(
          "This kernel does not allow user namespaces (see /proc/sys/user/max_user_namespaces)");
    }
  }

  /**
   * Namespaces that clone(2) makes. Cgroup namespaces come after the cgroup is entered, time
   * namespaces before.
   */
  long cloneFlags() {
    long flags = 0;
    for (NamespaceType type : NamespaceType.values()) {
      if (c.makes(type) && type != NamespaceType.CGROUP && type != NamespaceType.TIME) {
        flags |= type.cloneFlag();
      }
    }
    return flags;
  }

  /** What the first of the two processes does first. */
  void enterCgroups(Map<String, String> cgroups) {
    enterCgroups(staged ? c.stage : c.init, cgroups, c);
  }

  static void enterCgroups(Section s, Map<String, String> cgroups, Compilation c) {
    cgroups.forEach((controller, directory) -> {
      s.to("enter the control group " + directory);
      Arg.Slot procs = c.slot("procs");
      // In v1 a thread that moves itself alone takes no global lock (Linux 5.5 and later), while
      // cgroup.procs waits for
      // an RCU grace period: 12 ms measured. The process has but one thread here, so "tasks" moves
      // all of it.
      c.openHost(
          s, directory + (controller.isEmpty() ? "/cgroup.procs" : "/tasks"), O_WRONLY, procs);
      s.call("write", procs, Arg.of("0"), Arg.of(1));
      s.op(Op.FORGET, procs);
    });
  }

  void oomScore(Process process) {
    oomScore(c.host(), process, c);
  }

  /** The host may not let us lower it: the container runs all the same. */
  static void oomScore(Section s, Process process, Compilation c) {
    process
        .oomScoreAdj()
        .ifPresent(score -> {
          String text = Integer.toString(score);
          s.to("set the OOM score adjustment to " + text);
          Arg.Slot file = c.slot("oom score");
          Section.Label end = new Section.Label();
          Section.Draft open = c.openHost(s, "/proc/self/oom_score_adj", O_WRONLY, file);
          if (c.facts.identity().uid() != 0) {
            // Of a process that nobody may trace it is root's.
            open.on(Errors.EACCES, end);
          }
          s.call("write", file, Arg.of(text), Arg.of(text.length()))
              .allow(Errors.EACCES, Errors.EPERM);
          s.op(Op.FORGET, file);
          s.here(end);
        });
  }

  /** Last in the stage, first in an init without one. */
  void join() {
    Section s = staged ? c.stage : c.init;
    netDevices.acquire(s);
    if (c.makes(NamespaceType.TIME)) {
      time(s);
    }
    for (NamespaceType type : order(JOIN_ORDER, c)) {
      Optional<String> path = c.joins(type);
      if (path.isPresent()) {
        s.to("join the " + type.procName() + " namespace at " + path.get());
        Arg.Slot ns = c.slot("namespace");
        c.openHost(s, path.get(), 0, ns);
        s.call("setns", ns, Arg.of(type.cloneFlag()));
        s.op(Op.FORGET, ns);
      }
    }
  }

  /** An ordinary user has no privileges before he is in the user namespace: it comes first. */
  static List<NamespaceType> order(List<NamespaceType> types, Compilation c) {
    return c.facts.identity().uid() == 0 ? types : types.reversed();
  }

  private void time(Section s) {
    s.to("make a time namespace");
    s.call("unshare", Arg.of(NamespaceType.TIME.cloneFlag()));
    if (!c.linux.timeOffsets().isEmpty()) {
      StringBuilder text = new StringBuilder();
      for (Map.Entry<String, TimeOffset> e : c.linux.timeOffsets().entrySet()) {
        text.append(e.getKey())
            .append(' ')
            .append(e.getValue().secs())
            .append(' ')
            .append(e.getValue().nanosecs())
            .append('\n');
      }
      s.to("set the clocks of the time namespace");
      Arg.Slot file = c.slot("offsets");
      c.openHost(s, "/proc/self/timens_offsets", O_WRONLY, file);
      s.call(
          "write",
          file,
          Arg.of(text.toString()),
          Arg.of(text.toString().getBytes(StandardCharsets.UTF_8).length));
      s.op(Op.FORGET, file);
    }
  }

  /** The init gets its id maps, and becomes root in them. */
  void becomeMappedRoot() {
    if (c.userNamespace) {
      Section s = c.init;
      RootlessPlan rootless = new RootlessPlan(c);
      if (c.makes(NamespaceType.USER)) {
        s.to("get the id maps of the user namespace");
        rootless.open(s);
        s.op(Op.SYNC, Arg.of(LaunchPlan.SYNC_MAPS));
      }
      s.to("become root in the user namespace");
      s.call("setgroups", Arg.of(0), Arg.of(0)).allow(Errors.EPERM);
      s.call("setresgid", Arg.of(0), Arg.of(0), Arg.of(0)).allow(Errors.EINVAL);
      s.call("setresuid", Arg.of(0), Arg.of(0), Arg.of(0)).allow(Errors.EINVAL);
      rootless.open(s);
    }
  }

  void settle() {
    Section s = c.init;
    if (c.makes(NamespaceType.CGROUP)) {
      s.to("make a cgroup namespace");
      s.call("unshare", Arg.of(NamespaceType.CGROUP.cloneFlag()));
    }
    if (c.makes(NamespaceType.NETWORK)) {
      s.to("bring the loopback interface up");
      Arg.Slot socket = c.slot("socket");
      s.call("socket", Arg.of(2), Arg.of(2 | O_CLOEXEC), Arg.of(0)).out(socket);
      Bytes request =
          Bytes.struct(40, b -> b.put((byte) 'l').put((byte) 'o').putShort(16, (short) 0x41));
      s.call("ioctl", socket, Arg.of(SIOCSIFFLAGS), Arg.of(request));
      s.op(Op.FORGET, socket);
    }
    netDevices.move(s);
    name(s, "sethostname", c.config.hostname());
    name(s, "setdomainname", c.config.domainname());
  }

  private void name(Section s, String call, String name) {
    if (!name.isEmpty()) {
      s.to(
          (call.equals("sethostname") ? "set the host name to " : "set the domain name to ")
              + name);
      s.call(call, Arg.of(name), Arg.of(name.getBytes(StandardCharsets.UTF_8).length));
    }
  }
}
