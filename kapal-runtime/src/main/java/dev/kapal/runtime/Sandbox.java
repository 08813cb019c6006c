package dev.kapal.runtime;

import dev.kapal.oci.runtime.NamespaceType;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One isolation boundary: a set of namespaces or a virtual machine. Safe for use by several
 * threads.
 */
public interface Sandbox extends AutoCloseable {
  /** Its name. */
  String id();

  /** The state directory it was made with. */
  Path stateDirectory();

  /** Process id of its monitor; empty when it is gone or the runtime has none. */
  Optional<Integer> monitorPid();

  /** Whether it can still run containers. */
  boolean alive();

  /** The pinned namespaces. */
  Map<NamespaceType, Path> namespaces();

  /** Its containers, in order of creation, with those that have ended and are not deleted. */
  List<Container> containers();

  /** The container of an id. */
  Optional<Container> container(String id);

  /**
   * Makes a container: its process waits before the program is executed, with everything else done.
   * When this fails, nothing is left of it.
   *
   * @throws ContainerException if it cannot be made
   */
  Container createContainer(ContainerSpec spec);

  /**
   * Ends the sandbox and removes its state directory's contents and its pinned namespaces.
   *
   * @throws ContainerException.WrongState if it has containers
   */
  void quit();

  /** Lets go of the sandbox, which goes on. */
  @Override
  void close();
}
