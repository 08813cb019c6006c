package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.oci.runtime.Process;

/**
 * The process's terminal. The slave is opened through its master (TIOCGPTPEER), not by a path that
 * the container could have replaced (CVE-2025-52565).
 */
final class TerminalPlan {
  private final Compilation c;

  TerminalPlan(Compilation c) {
    this.c = c;
  }

  /** Opens a pair, gives the master away and makes the slave the standard streams. */
  void open(Section s, Process process, boolean inContainer) {
    s.to("open a terminal");
    Arg.Slot master = c.slot("terminal master");
    Arg.Slot slave = c.slot("terminal");
    if (inContainer) {
      c.openIn(s, c.slot("root"), "/dev/pts/ptmx", O_RDWR | O_NOCTTY, HOW_NO_SYMLINKS, master);
      s.op(Op.CHECK_FS, master, Arg.of(DEVPTS_SUPER_MAGIC));
    } else {
      c.openHost(s, "/dev/ptmx", O_RDWR | O_NOCTTY, master);
    }
    s.op(Op.CHECK_DEVICE, master, Arg.of(5), Arg.of(2));
    s.call("ioctl", master, Arg.of(TIOCSPTLCK), Arg.of(Bytes.struct(4, b -> b.putInt(0))));
    s.call("ioctl", master, Arg.of(TIOCGPTPEER), Arg.of(O_RDWR | O_NOCTTY | O_CLOEXEC)).out(slave);
    process
        .consoleSize()
        .ifPresent(size ->
            s.call(
                "ioctl",
                slave,
                Arg.of(TIOCSWINSZ),
                Arg.of(
                    Bytes.struct(
                        8,
                        b -> b.putShort((short) size.height()).putShort((short) size.width())))));
    if (process.user().uid() != 0) {
      s.call("fchown", slave, Arg.of(process.user().uid()), Arg.of(0xffffffffL))
          .allow(Errors.EPERM, Errors.EINVAL);
    }
    s.op(Op.SEND, master, Arg.of(1));
    s.op(Op.FORGET, master);
  }

  /** Shows the terminal as /dev/console. */
  void console(Section s) {
    s.to("mount the terminal on /dev/console");
    Arg.Slot target = c.slot("target");
    c.openIn(s, c.slot("root"), "/dev/console", O_PATH, HOW_FILE | HOW_NO_SYMLINKS, target);
    c.bind(s, c.slot("terminal"), target, false);
  }

  void control(Section s) {
    s.to("make the terminal the standard streams");
    Arg.Slot slave = c.slot("terminal");
    for (int i = 0; i < 3; i++) {
      s.call("dup3", slave, Arg.of(i), Arg.of(0));
    }
    s.call("ioctl", slave, Arg.of(TIOCSCTTY), Arg.of(0));
    s.op(Op.FORGET, slave);
  }
}
