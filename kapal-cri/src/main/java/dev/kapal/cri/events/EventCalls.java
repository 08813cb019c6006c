package dev.kapal.cri.events;

import dev.kapal.cri.proto.ContainerEventResponse;
import dev.kapal.cri.proto.GetEventsRequest;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.rpc.Answers;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.cri.service.Statuses;
import dev.kapal.engine.Engine;
import java.nio.file.Path;
import java.time.Clock;

/** The stream of events. */
public final class EventCalls implements CallGroup, AutoCloseable {
  private final Feed feed;

  /**
   * With nobody subscribed.
   *
   * @param memory the file in which the daemons of this host keep what has been told
   */
  public EventCalls(Engine engine, Statuses statuses, Clock clock, Path memory) {
    this.feed = new Feed(engine, statuses, clock, Told.read(memory));
  }

  @Override
  public void bind(Calls calls) {
    calls.streaming(RuntimeServiceGrpc.getGetContainerEventsMethod(), this::events);
  }

  private void events(GetEventsRequest request, Answers<ContainerEventResponse> answers)
      throws InterruptedException {
    Subscriber subscriber = feed.join();
    try {
      while (answers.wanted()) {
        Subscriber.News news = subscriber.next();
        answers.send(news.message());
        feed.told(news.mark());
      }
    } finally {
      feed.leave(subscriber);
    }
  }

  @Override
  public void close() {
    feed.close();
  }
}
