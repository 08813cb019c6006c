package dev.kapal.cli.compare;

import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.ContainerSpec;
import java.util.Optional;

/**
 * A container of the daemon's default runtime on the default network that takes what the runtimes
 * under test send: the same for all of them, so that what differs is theirs.
 */
final class NetworkSink implements AutoCloseable {
  static final int PORT = 5201;

  private final Engine engine;
  private final String id;
  private final String address;
  private final String problem;

  private NetworkSink(Engine engine, String id, String address, String problem) {
    this.engine = engine;
    this.id = id;
    this.address = address;
    this.problem = problem;
  }

  /**
   * Starts it. That there is no network is no failure here: it is told of each runtime.
   *
   * @param spec runs the measuring program as a sink on the default network
   */
  static NetworkSink start(Engine engine, ContainerSpec spec) {
    String id = "";
    try {
      Containers.Created created = engine.containers().create(spec);
      id = created.id();
      engine.containers().start(id);
      Optional<String> address =
          engine.containers().inspect(id).networks().values().stream()
              .map(ContainerInfo.Endpoint::addresses)
              .flatMap(a -> a.stream().filter(text -> !text.contains(":")))
              .map(text -> text.replaceFirst("/.*", ""))
              .findFirst();
      return new NetworkSink(
          engine,
          id,
          address.orElse(""),
          address.isPresent() ? "" : "the default network gives no IPv4 address");
    } catch (EngineException e) {
      return new NetworkSink(engine, id, "", String.valueOf(e.getMessage()));
    }
  }

  /** Where it listens, in dotted form. */
  Optional<String> address() {
    return address.isEmpty() ? Optional.empty() : Optional.of(address);
  }

  /** Why it has no address. */
  String problem() {
    return problem;
  }

  @Override
  public void close() {
    if (!id.isEmpty()) {
      try {
        engine.containers().remove(id, true, true);
      } catch (EngineException.NotFound _) {
        // Gone already.
      }
    }
  }
}
