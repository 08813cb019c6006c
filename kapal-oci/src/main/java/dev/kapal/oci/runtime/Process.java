package dev.kapal.oci.runtime;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.annotation.JsonSerialize;

/**
 * The process to run (config.md, Process).
 *
 * @param terminal whether it gets a terminal
 * @param consoleSize the terminal's first size
 * @param user ids it runs with
 * @param args the program and its arguments
 * @param env {@code NAME=value} entries
 * @param cwd absolute working directory in the container
 * @param capabilities its capabilities; absent: none
 * @param rlimits resource limits
 * @param noNewPrivileges whether exec may not add privileges
 * @param apparmorProfile AppArmor profile, or empty
 * @param oomScoreAdj -1000 to 1000
 * @param selinuxLabel SELinux label, or empty
 * @param scheduler scheduling policy
 * @param ioPriority I/O priority
 * @param execCpuAffinity CPU affinity of an exec process
 */
@SuppressWarnings("JavaLangClash") // the specification's own word
public record Process(
    boolean terminal,
    Optional<Box> consoleSize,
    User user,
    List<String> args,
    List<String> env,
    String cwd,
    Optional<Capabilities> capabilities,
    List<Rlimit> rlimits,
    boolean noNewPrivileges,
    String apparmorProfile,
    Optional<Integer> oomScoreAdj,
    String selinuxLabel,
    Optional<Scheduler> scheduler,
    Optional<IoPriority> ioPriority,
    @JsonProperty("execCPUAffinity") Optional<CpuAffinity> execCpuAffinity) {
  /** Absent members get their defaults. */
  public Process {
    consoleSize = Defaults.optional(consoleSize);
    user = Defaults.or(user, User.ROOT);
    args = Defaults.list(args);
    env = Defaults.list(env);
    cwd = Defaults.string(cwd);
    capabilities = Defaults.optional(capabilities);
    rlimits = Defaults.list(rlimits);
    apparmorProfile = Defaults.string(apparmorProfile);
    oomScoreAdj = Defaults.optional(oomScoreAdj);
    selinuxLabel = Defaults.string(selinuxLabel);
    scheduler = Defaults.optional(scheduler);
    ioPriority = Defaults.optional(ioPriority);
    execCpuAffinity = Defaults.optional(execCpuAffinity);
  }

  /** A value in which everything is absent; build on it with the {@code with} methods. */
  public static Process empty() {
    return new Process(
        false,
        Optional.empty(),
        User.ROOT,
        List.of(),
        List.of(),
        "",
        Optional.empty(),
        List.of(),
        false,
        "",
        Optional.empty(),
        "",
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** This, with another {@code terminal}. */
  public Process withTerminal(boolean terminal) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        scheduler,
        ioPriority,
        execCpuAffinity);
  }

  /** This, with another {@code consoleSize}. */
  public Process withConsoleSize(Box consoleSize) {
    return new Process(
        terminal,
        Optional.of(consoleSize),
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        scheduler,
        ioPriority,
        execCpuAffinity);
  }

  /** This, with another {@code user}. */
  public Process withUser(User user) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        scheduler,
        ioPriority,
        execCpuAffinity);
  }

  /** This, with another {@code args}. */
  public Process withArgs(List<String> args) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        scheduler,
        ioPriority,
        execCpuAffinity);
  }

  /** This, with another {@code env}. */
  public Process withEnv(List<String> env) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        scheduler,
        ioPriority,
        execCpuAffinity);
  }

  /** This, with another {@code cwd}. */
  public Process withCwd(String cwd) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        scheduler,
        ioPriority,
        execCpuAffinity);
  }

  /** This, with another {@code capabilities}. */
  public Process withCapabilities(Capabilities capabilities) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        Optional.of(capabilities),
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        scheduler,
        ioPriority,
        execCpuAffinity);
  }

  /** This, with another {@code rlimits}. */
  public Process withRlimits(List<Rlimit> rlimits) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        scheduler,
        ioPriority,
        execCpuAffinity);
  }

  /** This, with another {@code noNewPrivileges}. */
  public Process withNoNewPrivileges(boolean noNewPrivileges) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        scheduler,
        ioPriority,
        execCpuAffinity);
  }

  /** This, with another {@code apparmorProfile}. */
  public Process withApparmorProfile(String apparmorProfile) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        scheduler,
        ioPriority,
        execCpuAffinity);
  }

  /** This, with another {@code oomScoreAdj}. */
  public Process withOomScoreAdj(Integer oomScoreAdj) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        Optional.of(oomScoreAdj),
        selinuxLabel,
        scheduler,
        ioPriority,
        execCpuAffinity);
  }

  /** This, with another {@code selinuxLabel}. */
  public Process withSelinuxLabel(String selinuxLabel) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        scheduler,
        ioPriority,
        execCpuAffinity);
  }

  /** This, with another {@code scheduler}. */
  public Process withScheduler(Scheduler scheduler) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        Optional.of(scheduler),
        ioPriority,
        execCpuAffinity);
  }

  /** This, with another {@code ioPriority}. */
  public Process withIoPriority(IoPriority ioPriority) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        scheduler,
        Optional.of(ioPriority),
        execCpuAffinity);
  }

  /** This, with another {@code execCpuAffinity}. */
  public Process withExecCpuAffinity(CpuAffinity execCpuAffinity) {
    return new Process(
        terminal,
        consoleSize,
        user,
        args,
        env,
        cwd,
        capabilities,
        rlimits,
        noNewPrivileges,
        apparmorProfile,
        oomScoreAdj,
        selinuxLabel,
        scheduler,
        ioPriority,
        Optional.of(execCpuAffinity));
  }

  /** Size of a terminal in characters. */
  public record Box(long height, long width) {}

  /**
   * Ids of the process (config.md, User).
   *
   * @param uid 0 to 2^32-2
   * @param gid 0 to 2^32-2
   * @param umask file mode creation mask; absent: 022
   * @param additionalGids supplementary groups
   */
  public record User(long uid, long gid, Optional<Integer> umask, List<Long> additionalGids) {
    /** Absent members get their defaults. */
    public User {
      umask = Defaults.optional(umask);
      additionalGids = Defaults.list(additionalGids);
    }

    /** Root without supplementary groups. */
    public static final User ROOT = new User(0, 0, Optional.empty(), List.of());
  }

  /** The five capability sets, by name ({@code CAP_CHOWN}). */
  public record Capabilities(
      List<String> bounding,
      List<String> effective,
      List<String> inheritable,
      List<String> permitted,
      List<String> ambient) {
    /** Absent members get their defaults. */
    public Capabilities {
      bounding = Defaults.list(bounding);
      effective = Defaults.list(effective);
      inheritable = Defaults.list(inheritable);
      permitted = Defaults.list(permitted);
      ambient = Defaults.list(ambient);
    }

    /**
     * Bounding, effective and permitted the same, the others empty: what an ordinary container
     * gets.
     */
    public static Capabilities of(List<String> names) {
      return new Capabilities(names, names, List.of(), names, List.of());
    }
  }

  /**
   * A resource limit (getrlimit(2)).
   *
   * @param type {@code RLIMIT_NOFILE} and so on
   * @param soft unsigned; -1 is no limit
   * @param hard unsigned; -1 is no limit
   */
  public record Rlimit(
      String type,
      @JsonDeserialize(using = Unsigned64.Reader.class)
          @JsonSerialize(using = Unsigned64.Writer.class)
          long soft,
      @JsonDeserialize(using = Unsigned64.Reader.class)
          @JsonSerialize(using = Unsigned64.Writer.class)
          long hard) {
    /** Absent members get their defaults. */
    public Rlimit {
      type = Defaults.string(type);
    }
  }

  /**
   * Scheduling policy (sched_setattr(2)).
   *
   * @param policy {@code SCHED_OTHER} and so on
   * @param nice -20 to 19
   * @param priority 1 to 99 for real-time policies
   * @param flags {@code SCHED_FLAG_*}
   * @param runtime ns, for SCHED_DEADLINE
   * @param deadline ns
   * @param period ns
   */
  public record Scheduler(
      String policy,
      int nice,
      int priority,
      List<String> flags,
      @JsonDeserialize(using = Unsigned64.Reader.class)
          @JsonSerialize(using = Unsigned64.Writer.class)
          long runtime,
      @JsonDeserialize(using = Unsigned64.Reader.class)
          @JsonSerialize(using = Unsigned64.Writer.class)
          long deadline,
      @JsonDeserialize(using = Unsigned64.Reader.class)
          @JsonSerialize(using = Unsigned64.Writer.class)
          long period) {
    /** Absent members get their defaults. */
    public Scheduler {
      policy = Defaults.string(policy);
      flags = Defaults.list(flags);
    }
  }

  /**
   * I/O priority (ioprio_set(2)).
   *
   * @param ioClass {@code IOPRIO_CLASS_RT}, {@code _BE} or {@code _IDLE}
   * @param priority 0 to 7
   */
  public record IoPriority(@JsonProperty("class") String ioClass, int priority) {
    /** Absent members get their defaults. */
    public IoPriority {
      ioClass = Defaults.string(ioClass);
    }
  }

  /**
   * CPUs of an exec process, before and after it enters the container's cgroup.
   *
   * @param initial a list such as {@code 0-3,7}, or empty
   * @param last as initial
   */
  public record CpuAffinity(String initial, @JsonProperty("final") String last) {
    /** Absent members get their defaults. */
    public CpuAffinity {
      initial = Defaults.string(initial);
      last = Defaults.string(last);
    }
  }
}
