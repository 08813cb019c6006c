package dev.kapal.runtime.monitor;

import dev.kapal.linux.Errno;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerException.LaunchFailed.Kind;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.plan.Op;
import dev.kapal.runtime.plan.Step;
import java.util.Optional;

/**
 * Turns (part, step, errno) into a sentence: what was being done, to what, why it failed, what to
 * try.
 */
public final class LaunchErrors {
  private LaunchErrors() {}

  public static ContainerException.LaunchFailed explain(
      String what, LaunchPlan plan, LaunchWatch.Failure failure) {
    Errno errno = Errno.of(failure.errno());
    Optional<Step> step = plan.step(failure.part(), failure.step());
    Kind kind = kind(step, errno);
    String doing =
        switch (failure.part()) {
          case LaunchPlan.PART_CHECK -> "use the launch plan (rule " + failure.step() + ")";
          case LaunchPlan.PART_CLONE -> "make its process";
          default -> step.map(Step::purpose).orElse("run step " + failure.step());
        };
    String message =
        "Cannot start "
            + what
            + ": cannot "
            + doing
            + ": "
            + reason(step, errno)
            + hint(step, errno, failure.part());
    return new ContainerException.LaunchFailed(message, kind, step.map(Step::print), errno.name());
  }

  private static Kind kind(Optional<Step> step, Errno errno) {
    if (!executes(step)) {
      return Kind.SETUP;
    }
    return errno.equals(Errno.ENOENT) || errno.name().equals("ENOTDIR")
        ? Kind.NOT_FOUND
        : Kind.NOT_EXECUTABLE;
  }

  /** Also the steps before the execution that look for the program. */
  private static boolean executes(Optional<Step> step) {
    return step.filter(s -> s.op() == Op.EXEC || s.purpose().startsWith("execute ")).isPresent();
  }

  private static String reason(Optional<Step> step, Errno errno) {
    if (errno.name().equals("EXDEV") && step.isPresent()) {
      switch (step.get().op()) {
        case CHECK_CWD -> {
          return "it leads outside the container";
        }
        case CHECK_FS -> {
          return "it is on another kind of file system than it has to be";
        }
        case OPEN_IN -> {
          return "the path leaves the file system that it has to be on";
        }
        default -> {}
      }
    }
    return errno.message() + " (" + errno.name() + ")";
  }

  /** In words that callers of runc look for. */
  private static boolean ordinary(Optional<Step> step) {
    return step.filter(s ->
            s.op() == Op.OPEN_IN && s.purpose().matches("mount a (proc|sysfs) file system on .*"))
        .isPresent();
  }

  private static String hint(Optional<Step> step, Errno errno, int part) {
    boolean exec = executes(step);
    String call = step.map(Step::call).orElse("");
    String text =
        switch (errno.name()) {
          case "ENOENT" ->
              exec
                  ? "check the program's name and PATH, and that the interpreter it names exists"
                  : step.filter(s -> s.purpose().startsWith("apply the AppArmor")).isPresent()
                      ? "no profile of this name is loaded: load it with apparmor_parser, or run unconfined"
                      : "";
          case "EACCES" ->
              exec ? "check that it is an executable file and that the user may execute it" : "";
          case "ENOEXEC" ->
              exec
                  ? "it is no program for this machine: check the image's platform, or add a #! line to the script"
                  : "";
          case "ELOOP", "ENOTDIR" ->
              ordinary(step)
                  ? "it must be mounted on ordinary directory, not on a link or a file"
                  : errno.name().equals("ELOOP") ? "a symbolic link stands where none may be" : "";
          case "ENODEV" ->
              call.equals("mount")
                  ? "the kernel lacks this file system"
                  : "it is not the device that it has to be";
          case "EROFS" ->
              "the mount point is missing in a read-only file system: make it there before";
          case "ENOSPC" ->
              part == LaunchPlan.PART_CLONE || call.equals("unshare")
                  ? "a limit on namespaces is reached: see /proc/sys/user"
                  : "";
          case "EAGAIN" ->
              part == LaunchPlan.PART_CLONE
                  ? "a limit on processes is reached: see pids.max and ulimit -u"
                  : "";
          case "EPERM" ->
              call.equals("prlimit64")
                  ? "this host does not let Kapal raise the limit"
                  : step.filter(s -> s.op() == Op.CHECK_FLAGS).isPresent()
                      ? "with a user namespace flags that the source's mount has stay: leave out what"
                          + " changes them"
                      : "";
          case "EINVAL" ->
              switch (call) {
                case "pivot_root" -> "where / is a ramdisk, use no-pivot";
                case "mount_setattr" ->
                    "its file system cannot do that (ids are mapped by ext4, xfs and btrfs, by tmpfs from"
                        + " Linux 6.3 on, by overlays not at all)";
                case "set_mempolicy" ->
                    "the nodes must have memory and be allowed to the control group (cpuset.mems), and"
                        + " the kernel must know the mode and its flags";
                default -> "";
              };
          case "EDQUOT" ->
              call.equals("keyctl")
                  ? "too many keyrings: raise /proc/sys/kernel/keys/root_maxkeys or run without a new keyring"
                  : "";
          case "ECANCELED" -> "it was killed while it was doing that";
          default -> "";
        };
    return text.isEmpty() ? "" : "; " + text;
  }
}
