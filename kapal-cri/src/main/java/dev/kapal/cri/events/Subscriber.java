package dev.kapal.cri.events;

import dev.kapal.cri.proto.ContainerEventResponse;
import io.grpc.Status;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/** What waits to be sent to one client: a bounded queue. */
final class Subscriber {
  private static final int MOST = 4096;

  /** Something to tell, and how far that gets. */
  record News(ContainerEventResponse message, Mark mark) {}

  private final BlockingQueue<News> waiting = new ArrayBlockingQueue<>(MOST);
  private volatile boolean late;
  private volatile Optional<String> over = Optional.empty();

  /** Never waits. Who does not keep up is told no more, rather than make others wait. */
  void offer(News news) {
    late = late || !waiting.offer(news);
  }

  /**
   * The next one; waits.
   *
   * @throws io.grpc.StatusRuntimeException it did not keep up, or nothing more can come
   */
  News next() throws InterruptedException {
    while (true) {
      News news = waiting.poll(1, TimeUnit.SECONDS);
      if (news != null) {
        return news;
      }
      if (late) {
        throw Status.RESOURCE_EXHAUSTED
            .withDescription(
                "more than "
                    + MOST
                    + " events waited to be read: subscribe again and list what there is")
            .asRuntimeException();
      }
      if (over.isPresent()) {
        throw Status.UNAVAILABLE.withDescription(over.get()).asRuntimeException();
      }
    }
  }

  /** Nothing more comes, for a reason. */
  void end(String why) {
    over = Optional.of(why);
  }
}
