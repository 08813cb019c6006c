package dev.kapal.runtime.dropin;

/** What one command works with. Owned by its thread. */
record Session(
    DropInHost host,
    Store store,
    Front front,
    Launcher launcher,
    Console console,
    Command command,
    Globals globals) {}
