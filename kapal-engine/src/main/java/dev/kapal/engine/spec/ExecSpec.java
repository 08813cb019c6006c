package dev.kapal.engine.spec;

import java.util.List;
import java.util.Optional;

/**
 * A further process in a running container.
 *
 * @param command at least one word
 * @param env {@code NAME=VALUE}, added to the container's
 * @param workdir absolute; empty: the container's
 * @param user {@code user[:group]}; empty: the container's
 * @param privileged with all capabilities
 * @param tty on a terminal of its own
 * @param terminalSize at the start
 * @param stdinOpen takes standard input
 */
public record ExecSpec(
    List<String> command,
    List<String> env,
    Optional<String> workdir,
    Optional<String> user,
    boolean privileged,
    boolean tty,
    Optional<TerminalSize> terminalSize,
    boolean stdinOpen) {

  public ExecSpec {
    command = List.copyOf(command);
    env = List.copyOf(env);
    if (command.isEmpty() || command.getFirst().isEmpty()) {
      throw new IllegalArgumentException("exec needs a command: name the program to run");
    }
    command.forEach(w -> Checks.noNul(w, "the command"));
    for (String e : env) {
      Checks.noNul(e, "the environment");
      if (e.isEmpty() || e.startsWith("=")) {
        throw new IllegalArgumentException(
            "environment entry \"" + e + "\" has no name: write NAME=VALUE");
      }
    }
    workdir.ifPresent(w -> Checks.absolute(w, "working directory"));
  }

  /** A command with everything else as the container has it. */
  public static ExecSpec of(String... command) {
    return builder(List.of(command)).build();
  }

  public static Builder builder(List<String> command) {
    return new Builder(command);
  }

  /** Collects an {@link ExecSpec}. Not thread-safe. */
  public static final class Builder {
    private final List<String> command;
    private List<String> env = List.of();
    private Optional<String> workdir = Optional.empty();
    private Optional<String> user = Optional.empty();
    private boolean privileged;
    private boolean tty;
    private Optional<TerminalSize> terminalSize = Optional.empty();
    private boolean stdinOpen;

    private Builder(List<String> command) {
      this.command = command;
    }

    public Builder env(List<String> env) {
      this.env = env;
      return this;
    }

    public Builder workdir(String workdir) {
      this.workdir = Optional.of(workdir);
      return this;
    }

    public Builder user(String user) {
      this.user = Optional.of(user);
      return this;
    }

    public Builder privileged(boolean on) {
      this.privileged = on;
      return this;
    }

    public Builder tty(boolean on) {
      this.tty = on;
      return this;
    }

    public Builder terminalSize(TerminalSize size) {
      this.terminalSize = Optional.of(size);
      return this;
    }

    public Builder stdinOpen(boolean on) {
      this.stdinOpen = on;
      return this;
    }

    public ExecSpec build() {
      return new ExecSpec(command, env, workdir, user, privileged, tty, terminalSize, stdinOpen);
    }
  }
}
