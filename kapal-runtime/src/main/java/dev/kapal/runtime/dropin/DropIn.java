package dev.kapal.runtime.dropin;

import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.Linux;
import dev.kapal.linux.LinuxException;
import dev.kapal.oci.runtime.RuntimeConfigException;
import dev.kapal.runtime.ContainerException;
import java.nio.file.Path;

/**
 * The OCI command line as runc has it. A command is decided here and executed by the thin program
 * that asked for it (docs/kapal-oci.md). Safe for use by several threads, a command each.
 */
public final class DropIn implements AutoCloseable {
  /** Version of the runtime specification that states name. */
  static final String SPECIFICATION = "1.2.0";

  private final DropInHost host;
  private final String version;

  private DropIn(DropInHost host, String version) {
    this.host = host;
    this.version = version;
  }

  /**
   * The commands on this machine.
   *
   * @param version of Kapal, for {@code --version}
   */
  public static DropIn create(Linux linux, KernelFeatures features, String version) {
    return new DropIn(DropInHost.create(linux, features), version);
  }

  /**
   * Runs one command to its end and tells the thin program to leave.
   *
   * @throws Peer.Gone if that is gone
   */
  public void run(Command command, Peer peer) {
    Front front = new Front(peer);
    Console console = new Console(host.linux(), command);
    int status;
    try {
      Globals globals =
          Globals.parse(command.words(), command.environment(), host.facts().identity());
      console.use(globals);
      Path root = Path.of(command.path()).resolve(globals.root()).normalize();
      Session session =
          new Session(
              host,
              new Store(host, root, globals.ownRoot()),
              front,
              new Launcher(host, front),
              console,
              command,
              globals);
      status = new Commands(session, version).run();
    } catch (CommandFailed e) {
      console.error(String.valueOf(e.getMessage()));
      status = e.status();
    } catch (ContainerException | LinuxException | RuntimeConfigException e) {
      console.error(String.valueOf(e.getMessage()));
      status = 1;
    } catch (IllegalArgumentException e) {
      // A path with a NUL in it, say.
      console.error("invalid argument: " + e.getMessage());
      status = 1;
    } catch (Front.Interrupted e) {
      status = 128 + e.signal();
    }
    front.exit(status);
  }

  @Override
  public void close() {
    host.program().close();
  }
}
