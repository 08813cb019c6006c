package dev.kapal.engine.spec;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a container runs.
 *
 * @param command words after the image; empty: the image's Cmd
 * @param entrypoint replaces the image's Entrypoint (and then its Cmd too); an empty list clears it
 * @param env {@code NAME=VALUE}, added to the image's and winning over them; {@code NAME} alone
 *     removes one
 * @param workdir absolute; made if missing; empty: the image's, or {@code /}
 * @param user {@code user[:group]}, names or numbers; empty: the image's, or root
 * @param groupAdd more supplementary groups, names or numbers
 * @param tty runs on a terminal of its own
 * @param terminalSize rows and columns at the start
 * @param stdinOpen standard input is kept for attachments; otherwise it is /dev/null
 * @param stdinOnce standard input closes when the first attachment that had it ends
 * @param umask file mode creation mask; empty: 0022
 * @param init a small init reaps orphans and passes signals on
 * @param stopSignal name or number that asks it to end; empty: the image's, or SIGTERM
 * @param stopTimeout until SIGKILL follows; empty: 10 s; negative durations wait for ever
 * @param ulimits resource limits (setrlimit(2))
 * @param oomScoreAdj -1000 to 1000
 * @param strictGroups the user has no supplementary groups but those of groupAdd; otherwise also
 *     those that the image's /etc/group gives
 */
public record ProcessSpec(
    List<String> command,
    Optional<List<String>> entrypoint,
    List<String> env,
    Optional<String> workdir,
    Optional<String> user,
    List<String> groupAdd,
    boolean tty,
    Optional<TerminalSize> terminalSize,
    boolean stdinOpen,
    boolean stdinOnce,
    OptionalInt umask,
    boolean init,
    Optional<String> stopSignal,
    Optional<Duration> stopTimeout,
    List<Ulimit> ulimits,
    OptionalInt oomScoreAdj,
    boolean strictGroups) {

  /** The image's own process, with no terminal and no input. */
  public static final ProcessSpec DEFAULT = new Builder().build();

  public ProcessSpec {
    command = List.copyOf(command);
    entrypoint = entrypoint.map(List::copyOf);
    env = List.copyOf(env);
    groupAdd = List.copyOf(groupAdd);
    ulimits = List.copyOf(ulimits);
    command.forEach(w -> Checks.noNul(w, "the command"));
    entrypoint.ifPresent(l -> l.forEach(w -> Checks.noNul(w, "the entrypoint")));
    for (String e : env) {
      Checks.noNul(e, "the environment");
      if (e.isEmpty() || e.startsWith("=")) {
        throw new IllegalArgumentException(
            "environment entry \"" + e + "\" has no name: write NAME=VALUE");
      }
    }
    workdir.ifPresent(w -> Checks.absolute(w, "working directory"));
    if (umask.isPresent() && (umask.getAsInt() < 0 || umask.getAsInt() > 0777)) {
      throw new IllegalArgumentException("umask is outside 0000 to 0777");
    }
    if (oomScoreAdj.isPresent() && Math.abs(oomScoreAdj.getAsInt()) > 1000) {
      throw new IllegalArgumentException("oom-score-adj is outside -1000 to 1000");
    }
  }

  public static Builder builder() {
    return new Builder();
  }

  public Builder toBuilder() {
    Builder b = new Builder();
    b.command = command;
    b.entrypoint = entrypoint;
    b.env = env;
    b.workdir = workdir;
    b.user = user;
    b.groupAdd = groupAdd;
    b.tty = tty;
    b.terminalSize = terminalSize;
    b.stdinOpen = stdinOpen;
    b.stdinOnce = stdinOnce;
    b.umask = umask;
    b.init = init;
    b.stopSignal = stopSignal;
    b.stopTimeout = stopTimeout;
    b.ulimits = ulimits;
    b.oomScoreAdj = oomScoreAdj;
    b.strictGroups = strictGroups;
    return b;
  }

  /** Collects a {@link ProcessSpec}. Not thread-safe. */
  public static final class Builder {
    private List<String> command = List.of();
    private Optional<List<String>> entrypoint = Optional.empty();
    private List<String> env = List.of();
    private Optional<String> workdir = Optional.empty();
    private Optional<String> user = Optional.empty();
    private List<String> groupAdd = List.of();
    private boolean tty;
    private Optional<TerminalSize> terminalSize = Optional.empty();
    private boolean stdinOpen;
    private boolean stdinOnce;
    private OptionalInt umask = OptionalInt.empty();
    private boolean init;
    private Optional<String> stopSignal = Optional.empty();
    private Optional<Duration> stopTimeout = Optional.empty();
    private List<Ulimit> ulimits = List.of();
    private OptionalInt oomScoreAdj = OptionalInt.empty();
    private boolean strictGroups;

    private Builder() {}

    public Builder command(List<String> command) {
      this.command = command;
      return this;
    }

    /** Replaces the image's entrypoint; an empty list clears it. */
    public Builder entrypoint(List<String> entrypoint) {
      this.entrypoint = Optional.of(entrypoint);
      return this;
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

    public Builder groupAdd(List<String> groupAdd) {
      this.groupAdd = groupAdd;
      return this;
    }

    public Builder tty(boolean tty) {
      this.tty = tty;
      return this;
    }

    public Builder terminalSize(TerminalSize size) {
      this.terminalSize = Optional.of(size);
      return this;
    }

    public Builder stdinOpen(boolean stdinOpen) {
      this.stdinOpen = stdinOpen;
      return this;
    }

    public Builder stdinOnce(boolean stdinOnce) {
      this.stdinOnce = stdinOnce;
      return this;
    }

    public Builder umask(int umask) {
      this.umask = OptionalInt.of(umask);
      return this;
    }

    public Builder init(boolean init) {
      this.init = init;
      return this;
    }

    public Builder stopSignal(String stopSignal) {
      this.stopSignal = Optional.of(stopSignal);
      return this;
    }

    public Builder stopTimeout(Duration stopTimeout) {
      this.stopTimeout = Optional.of(stopTimeout);
      return this;
    }

    public Builder ulimits(List<Ulimit> ulimits) {
      this.ulimits = ulimits;
      return this;
    }

    public Builder oomScoreAdj(int oomScoreAdj) {
      this.oomScoreAdj = OptionalInt.of(oomScoreAdj);
      return this;
    }

    public Builder strictGroups(boolean strict) {
      this.strictGroups = strict;
      return this;
    }

    public ProcessSpec build() {
      return new ProcessSpec(
          command,
          entrypoint,
          env,
          workdir,
          user,
          groupAdd,
          tty,
          terminalSize,
          stdinOpen,
          stdinOnce,
          umask,
          init,
          stopSignal,
          stopTimeout,
          ulimits,
          oomScoreAdj,
          strictGroups);
    }
  }
}
