package dev.kapal.runtime;

import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.RuntimeConfig;
import java.util.List;
import java.util.function.IntConsumer;

/** A container; as a process, it is its first one. Safe for use by several threads. */
public interface Container extends ContainerProcess {
  /** Its name. */
  String id();

  /** The sandbox it is in. */
  Sandbox sandbox();

  /** The config it was made with, with limits as updated. */
  RuntimeConfig config();

  /** What it is doing. */
  State state();

  /** Path of its cgroup below the mount points, such as {@code /kapal/ID}. */
  String cgroupPath();

  /**
   * Lets the program run, and returns when it has been executed. One that goes on from a checkpoint
   * may do so before, if its runtime does both in one step; and it may have no process id before.
   *
   * @throws ContainerException.WrongState unless it is created
   * @throws ContainerException.LaunchFailed if the program cannot be executed; the container has
   *     then ended
   */
  void start();

  /**
   * Sends a signal to every process of the container.
   *
   * @throws ContainerException if it cannot be sent
   */
  void signalAll(int signal);

  /**
   * Starts a further process, and returns when its program has been executed.
   *
   * @throws ContainerException.WrongState unless it runs
   * @throws ContainerException.LaunchFailed if it cannot be started
   */
  ContainerProcess exec(ExecSpec spec);

  /** The exec processes that have not been forgotten. */
  List<ContainerProcess> processes();

  /** The process of a number, when it has not been forgotten. */
  default java.util.Optional<ContainerProcess> process(int number) {
    return processes().stream().filter(p -> p.number() == number).findFirst();
  }

  /** Process ids on the host of everything in its cgroup. */
  List<Integer> pids();

  /** Stops all its processes until {@link #resume}. */
  void pause();

  /** Lets them go on. */
  void resume();

  /**
   * Changes limits; what is absent stays as it is. If one cannot be set, those before it are set
   * back.
   *
   * @throws ContainerException if one cannot be set
   */
  void update(Resources resources);

  /**
   * Saves its state, from which a container of the same config and root can go on ({@link
   * ContainerSpec#checkpoint}). Unless it is left running its end is told as any other.
   *
   * @throws ContainerException.Unsupported if the runtime cannot, or not on this host
   * @throws ContainerException.WrongState unless it runs
   * @throws ContainerException if it cannot be saved; it then goes on, and what was written so far
   *     is the caller's to remove
   */
  void checkpoint(CheckpointSpec spec);

  /** What it uses. */
  ContainerStats stats();

  /** How many of its processes the kernel killed for want of memory. */
  long oomKills();

  /**
   * Calls back with the number of kills so far whenever the kernel kills one for want of memory.
   */
  void onOom(IntConsumer listener);

  /**
   * Removes an ended or merely created container with its cgroup and its records; with {@code
   * force}, kills it first.
   *
   * @throws ContainerException.WrongState if it runs and is not to be killed
   */
  void delete(boolean force);

  /** What a container is doing (runtime.md, State). */
  enum State {
    CREATED,
    RUNNING,
    PAUSED,
    STOPPED
  }
}
