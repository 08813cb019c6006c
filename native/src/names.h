// The names that the one binary goes by.
#pragma once
int client_main(int count, char **words);
int monitor_main(int count, char **words);
int pause_main(int count, char **words);
int init_main(int count, char **words);
int oci_main(int count, char **words);
int probe_main(int count, char **words);
int connect_main(int count, char **words);
int member_main(int count, char **words);

// Part of kapal-probe.
int kvm_trial(void);
