package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.output.Json;
import dev.kapal.cli.output.Text;
import dev.kapal.cli.parse.Scalars;
import dev.kapal.cli.template.Struct;
import dev.kapal.cli.template.Template;
import dev.kapal.engine.Event;
import dev.kapal.engine.Events;
import java.time.Instant;
import java.util.Optional;
import java.util.TreeMap;

/** events: what happens, as it happens. */
final class EventsCommand {
  private EventsCommand() {}

  static final Leaf EVENTS =
      Leaf.named("events")
          .section(SystemCommands.ENGINE)
          .summary("Show what happens, as it happens")
          .example("kapal events --filter type=container --filter event=die", "containers that end")
          .example("kapal events --since 1h --until 0s --format json", "the last hour, as JSON")
          .options(
              Listing.FILTER,
              value(
                      "format",
                      "FORMAT",
                      "Print by a Go template, or 'json' for a JSON object a line")
                  .among("json"),
              value(
                  "since",
                  "TIME",
                  "Also those since this time: a timestamp, or how long ago as in 10m"),
              value("until", "TIME", "Up to this time, and end then"))
          .does(EventsCommand::run);

  private static int run(Invocation i) throws InterruptedException {
    Optional<Instant> since =
        i.arguments().value("since").map(t -> Scalars.moment("since", t, i.now(), i.zone()));
    Optional<Instant> until =
        i.arguments().value("until").map(t -> Scalars.moment("until", t, i.now(), i.zone()));
    String format = i.arguments().value("format").orElse("");
    Optional<Template> template =
        format.isEmpty() || format.equals("json")
            ? Optional.empty()
            : Optional.of(Template.parse(Listing.unescape(format)));
    try (Events.Subscription events =
        i.engine().events().subscribe(since, until, LifeCommands.filters(i))) {
      for (Optional<Event> next = events.next(); next.isPresent(); next = events.next()) {
        Event event = next.get();
        i.out()
            .line(
                template
                    .map(t -> t.apply(json(event)))
                    .orElseGet(() -> format.isEmpty() ? line(event) : Json.compact(json(event))));
        i.out().flush();
      }
    }
    return 0;
  }

  static String line(Event event) {
    StringBuilder attributes = new StringBuilder();
    new TreeMap<>(event.attributes())
        .forEach((name, text) ->
            attributes
                .append(attributes.isEmpty() ? "" : ", ")
                .append(name)
                .append('=')
                .append(text));
    String tail = attributes.isEmpty() ? "" : " (" + attributes + ")";
    return Text.tame(
        event.time() + " " + event.type() + " " + event.action() + " " + event.actor() + tail);
  }

  static Struct json(Event event) {
    int colon = event.action().indexOf(':');
    String status = colon < 0 ? event.action() : event.action().substring(0, colon);
    return new Struct()
        .with("status", status)
        .with("id", event.actor())
        .with("from", event.attributes().getOrDefault("image", ""))
        .with("Type", event.type())
        .with("Action", event.action())
        .with("Status", status)
        .with("ID", event.actor())
        .with("From", event.attributes().getOrDefault("image", ""))
        .with(
            "Actor",
            new Struct()
                .with("ID", event.actor())
                .with("Attributes", new TreeMap<String, Object>(event.attributes())))
        .with("scope", "local")
        .with("time", event.time().getEpochSecond())
        .with("Time", event.time().getEpochSecond())
        .with("timeNano", nanos(event.time()))
        .with("TimeNano", nanos(event.time()));
  }

  private static long nanos(Instant moment) {
    long seconds = moment.getEpochSecond();
    return seconds * 1_000_000_000L + moment.getNano();
  }
}
