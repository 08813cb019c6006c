package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

/**
 * The host's root in a container's mount namespace, before its first process has made another one
 * the root: that process still has it. Whoever joins the namespace finds what is mounted over it,
 * which with a user namespace is the container's own root.
 */
final class HostRoot {
  private HostRoot() {}

  /** By way of the first process, which waits in the root that it is about to make its own. */
  static void open(Compilation c, int pid) {
    c.stage.to("open the roots of the host and of process " + pid);
    c.openHost(c.stage, "/proc/" + pid + "/root", O_PATH | c.directory(), c.slot("host root"));
    c.openHost(c.stage, "/proc/" + pid + "/cwd", O_PATH | c.directory(), c.slot("root"));
  }

  /** The host's is the root, the container's the working directory. */
  static void enter(Compilation c) {
    c.init.to("enter the root of the host");
    c.init.call("fchdir", c.slot("host root"));
    c.init.call("chroot", Arg.of("."));
    c.init.call("fchdir", c.slot("root"));
    c.init.op(Op.FORGET, c.slot("host root"));
    c.init.op(Op.FORGET, c.slot("root"));
  }
}
