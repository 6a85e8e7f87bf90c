#!/usr/bin/perl
# Counts the files of the input "files" and writes a greeting. KPL gives paths in variables; nothing else is needed.
use strict;
use warnings;
use File::Find;
use JSON::PP;

sub read_json {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!\n";
    local $/;
    return decode_json(<$file>);
}

sub send_event {
    my ($event) = @_;
    open my $file, '>>:raw', $ENV{KPL_EVENTS} or die "$ENV{KPL_EVENTS}: $!\n";
    print {$file} encode_json($event), "\n";
    close $file or die "$ENV{KPL_EVENTS}: $!\n";
}

my $parameters = read_json($ENV{KPL_PARAMETERS});
my $inputs     = read_json($ENV{KPL_INPUTS});

send_event({ type => 'progress', value => 0.1, message => 'counting' });
my ($files, $bytes) = (0, 0);
find(
    {
        no_chdir => 1,
        wanted   => sub {
            return unless -f $_ && (-s _ || 0) >= $parameters->{least_bytes};
            $files += 1;
            $bytes += -s _ || 0;
        },
    },
    $inputs->{files}{path}
);

my $report = "$parameters->{greeting} from Perl: $files files, $bytes bytes\n";
open my $out, '>:encoding(UTF-8)', "$ENV{KPL_OUTPUT_REPORT}/report.txt" or die "report.txt: $!\n";
print {$out} $report;
close $out or die "report.txt: $!\n";
send_event({ type => 'metric', name => 'files', value => $files });
send_event({ type => 'metric', name => 'bytes', value => $bytes });
send_event({ type => 'progress', value => 1 });
print $report;
