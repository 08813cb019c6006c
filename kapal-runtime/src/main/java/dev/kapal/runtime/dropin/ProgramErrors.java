package dev.kapal.runtime.dropin;

import dev.kapal.linux.Errno;
import dev.kapal.runtime.monitor.LaunchErrors;
import dev.kapal.runtime.monitor.LaunchWatch;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.plan.Op;
import dev.kapal.runtime.plan.Step;
import java.util.Locale;
import java.util.Optional;

/**
 * Why a process did not come to run. For a program that is not there or cannot be executed the
 * words are those that Docker, Podman and Kubernetes look for to tell 127 and 126 from other
 * failures.
 */
final class ProgramErrors {
  private static final String EXECUTE = "execute ";

  private ProgramErrors() {}

  static CommandFailed explain(String what, LaunchPlan plan, LaunchWatch.Failure failure) {
    Optional<Step> step = plan.step(failure.part(), failure.step());
    String purpose = step.map(Step::purpose).orElse("");
    return (step.filter(s -> s.op() == Op.EXEC).isPresent()
            ? executing(purpose, failure.errno())
            : program(purpose, failure.errno()))
        .orElseGet(() ->
            new CommandFailed(
                String.valueOf(LaunchErrors.explain(what, plan, failure).getMessage())));
  }

  /**
   * Of a failure to execute it. It was there when it was looked for: what is missing is what it
   * wants to be run by.
   */
  static Optional<CommandFailed> executing(String purpose, int number) {
    return purpose.startsWith(EXECUTE) && Errno.of(number).equals(Errno.ENOENT)
        ? Optional.of(
            new CommandFailed(
                "unable to start container process: exec "
                    + purpose.substring(EXECUTE.length())
                    + ": no such file or directory"))
        : program(purpose, number);
  }

  /** Of a failure at the program itself. */
  static Optional<CommandFailed> program(String purpose, int number) {
    if (!purpose.startsWith(EXECUTE)) {
      return Optional.empty();
    }
    String program = purpose.substring(EXECUTE.length());
    Errno errno = Errno.of(number);
    String reason =
        switch (errno.name()) {
          case "ENOENT" ->
              program.contains("/")
                  ? "exec: \"" + program + "\": stat " + program + ": no such file or directory"
                  : "exec: \"" + program + "\": executable file not found in $PATH";
          case "EACCES" -> "exec: \"" + program + "\": permission denied";
          case "ENOEXEC" -> "exec " + program + ": exec format error";
          case "EISDIR" -> "exec: \"" + program + "\": is a directory: permission denied";
          case "ENOTDIR" -> "exec: \"" + program + "\": stat " + program + ": not a directory";
          default -> "exec " + program + ": " + errno.message().toLowerCase(Locale.ROOT);
        };
    return Optional.of(new CommandFailed("unable to start container process: " + reason));
  }
}
