module etcd-renumber/rehearsal/pause

go 1.26.0

tool etcd-renumber/rehearsal/pause
