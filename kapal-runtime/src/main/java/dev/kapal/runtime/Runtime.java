package dev.kapal.runtime;

import java.nio.file.Path;

/** Creates sandboxes of one kind. Safe for use by several threads. */
@SuppressWarnings("JavaLangClash") // the field's own word
public interface Runtime extends AutoCloseable {
  /** The name that configurations use, such as {@code native}. */
  String name();

  /** How strongly it isolates. */
  Tier tier();

  /** What it can do. */
  RuntimeFeatures features();

  /**
   * Makes an empty sandbox. When this fails, nothing is left of it.
   *
   * @throws ContainerException if it cannot be made
   */
  Sandbox createSandbox(SandboxSpec spec);

  /**
   * Finds a sandbox again after this process was restarted. Containers that ended in the meantime
   * have their exit status. If the sandbox's monitor is gone, its remaining processes are killed
   * and recorded as ended by SIGKILL; the sandbox can then only be cleaned up.
   *
   * @param stateDirectory the one that the sandbox was created with
   * @throws ContainerException if there is no sandbox, or its state cannot be read
   */
  Sandbox reconnect(Path stateDirectory);

  /** Lets go of all sandboxes, which go on. */
  @Override
  void close();
}
